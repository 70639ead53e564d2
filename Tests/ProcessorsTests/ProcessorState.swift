import TestSupport
import Testing

@testable import Processors

/// Compares what a processor has learnt with the reference's state.
func compareState(_ processor: any FeatureProcessor, _ state: JSONValue) {
    let codes = state["code_vocab"].items.map { $0.items.first?.text }
    let labels = state["label_vocab"].items.map { pair in
        pair.items.first?.text ?? pair.items.first?.number.map { "\(Int($0))" }
    }
    switch processor {
    case let one as SequenceProcessor: #expect(one.vocabulary.tokens == codes)
    case let one as NestedSequenceProcessor:
        #expect(one.vocabulary.tokens == codes)
        #expect(Double(one.width) == state["_max_inner_len"].number)
    case let one as DeepNestedSequenceProcessor:
        #expect(one.vocabulary.tokens == codes)
        #expect(Double(one.longest) == state["_max_inner_len"].number)
        #expect(Double(one.mostVisits) == state["_max_middle_len"].number)
    case let one as StageNetProcessor:
        #expect(one.vocabulary.tokens == codes)
        #expect(.bool(one.isNested ?? false) == state["_is_nested"])
        #expect(one.cutWidth.map(Double.init) == state["_max_nested_len"].number)
    case let one as CEHRProcessor:
        let wanted = state["vocab"]["token_to_id"].members.sorted {
            $0.value.number ?? 0 < $1.value.number ?? 0
        }
        #expect(one.vocabulary.tokens == wanted.map(\.key))
        #expect(Double(one.maximumLength) == state["max_len"].number)
    case let one as BinaryProcessor: #expect(one.vocabulary.names == labels)
    case let one as MulticlassProcessor: #expect(one.vocabulary.names == labels)
    case let one as MultilabelProcessor: #expect(one.vocabulary.names == labels)
    case let one as MultiHotProcessor: #expect(one.vocabulary.names == labels)
    default: compareNumericState(processor, state)
    }
}

private func compareNumericState(_ processor: any FeatureProcessor, _ state: JSONValue) {
    switch processor {
    case let one as TensorProcessor:
        #expect(one.axes.map(Double.init) == state["_n_dim"].number)
        #expect(state["dtype"].text == "torch.\(one.dtype.rawValue)")
    case let one as NestedSequenceFloatsProcessor:
        #expect(Double(one.width) == state["_max_inner_len"].number)
        #expect(.bool(one.fillsForward) == state["forward_fill"])
    case let one as DeepNestedSequenceFloatsProcessor:
        #expect(Double(one.longest) == state["_max_inner_len"].number)
        #expect(Double(one.mostVisits) == state["_max_middle_len"].number)
        #expect(.bool(one.fillsForward) == state["forward_fill"])
    case let one as StageNetTensorProcessor:
        // The reference learns nothing from a first sample that begins with a gap.
        #expect(state["_size"] == .null || one.width.map(Double.init) == state["_size"].number)
    case let one as TimeSeriesProcessor: compareGrid(one.grid, one.width, state)
    case let one as TemporalTimeSeriesProcessor: compareGrid(one.grid, one.width, state)
    case let one as TupleTimeTextProcessor: #expect(one.tag == state["type_tag"].text)
    default: #expect(state.members.isEmpty)
    }
}

private func compareGrid(_ grid: SamplingGrid, _ width: Int?, _ state: JSONValue) {
    #expect(grid.rate == (state["sampling_rate"]["seconds"].number ?? 0) * 1000)
    #expect(grid.imputation.rawValue == state["impute_strategy"].text)
    #expect(width.map(Double.init) == state["n_features"].number)
}
