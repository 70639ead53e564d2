import Kernels
import Tensors

/// Sorting, picking, comparing and reducing as `Context` offers them; a million values each.
enum SelectionCases {
    static var all: [Case] { picking + reductions + [scan(backward: false), scan(backward: true)] }

    private static let count = 1 << 20

    private static var picking: [Case] {
        let rows = memory(count), other = memory(count)
        let ends = (0..<count / 128).map { Int32($0 * 37 % (count / 128)) }
        let segments = Segments(lengths: (0..<163).map { _ in 50 } + [42])
        let condition = (0..<count).map { rows[$0] > 0 }
        func forward(
            _ name: String, width: Int, _ bytes: Double, _ run: @escaping (Context, Tensor, Tensor) -> Float
        ) -> Case {
            let inputs = Inputs(rows, other, width: width)
            return Case(name: "\(name) 1M", work: .bytes(bytes * Double(count))) {
                run(inputs.context(records: false), inputs.x, inputs.z)
            }
        }
        return [
            forward("sort rows of 128", width: 128, 12) { context, x, _ in context.sort(x).values.values[0] },
            forward("sort rows of 2048", width: 2048, 12) { context, x, _ in context.sort(x).values.values[0]
            },
            forward("top 8 of rows of 128", width: 128, 4) { context, x, _ in
                context.topK(x, 8).values.values[0]
            },
            forward("row max of rows of 128", width: 128, 4) { context, x, _ in
                context.rowMax(x).values.values[0]
            },
            forward("segment max 50 rows of 128", width: 128, 4) { context, x, _ in
                context.segmentMax(x, segments).values.values[0]
            },
            forward("sparsemax rows of 64", width: 64, 12) { context, x, _ in context.sparsemax(x).values[0]
            },
            forward("gather rows of 128", width: 128, 12) { context, x, _ in
                context.gatherRows(x, rows: ends).values[0]
            },
            forward("scatter add rows of 128", width: 128, 16) { context, x, _ in
                context.scatterAddRows(x, rows: ends, count: x.rows).values[0]
            },
            forward("compare", width: 128, 9) { $0.compare($1, .less, $2)[0] ? 1 : 0 },
            forward("choose", width: 128, 17) { $0.choose($1, where: condition, else: $2).values[0] },
            forward("maximum", width: 128, 16) { $0.maximum($1, $2).values[0] },
        ]
    }

    private static var reductions: [Case] {
        let rows = memory(count), other = memory(count)
        let targets = (0..<count).map { rows[$0] > 0 ? Float(1) : 0 }
        func both(_ name: String, width: Int, _ bytes: Double, _ run: @escaping (Context, Tensor) -> Tensor)
            -> Case
        {
            let inputs = Inputs(rows, other, width: width)
            return Case(name: "\(name) 1M forward+backward", work: .bytes(bytes * Double(count))) {
                inputs.clear()
                let context = inputs.context(records: true)
                let loss = run(context, inputs.x)
                context.backward(from: loss)
                return loss.item
            }
        }
        return [
            both("row sum of rows of 128", width: 128, 12) { $0.sum($0.rowSum($1)) },
            both("mean", width: 128, 12) { $0.mean($1) },
            both("hinge rows of 32", width: 32, 24) { $0.hinge(scores: $1, targets: targets).total },
            both("multilabel margin rows of 32", width: 32, 24) {
                $0.multilabelMargin(scores: $1, targets: targets).total
            },
            both("magnitude rows of 128", width: 128, 20) { $0.sum($0.magnitude($1)) },
            both("sparsemax rows of 64", width: 64, 28) { $0.mean($0.sparsemax($1)) },
            both("segment max 50 rows of 128", width: 128, 12) {
                let lengths = (0..<163).map { _ in 50 } + [42]
                return $0.sum($0.segmentMax($1, Segments(lengths: lengths)).values)
            },
        ]
    }

    /// Mamba's recurrence: 32 samples of 50 steps, 128 channels, 16 states.
    private static func scan(backward: Bool) -> Case {
        let steps = 1600, channels = 128, states = 16
        let inputs = Inputs(memory(steps * channels), memory(steps * channels), rows: steps, width: channels)
        let segments = Segments(lengths: Array(repeating: 50, count: 32))
        let values = { (count: Int) in (0..<count).map { Float($0 % 13 + 1) * -0.1 } }
        let work = Work.operations(Double(steps * channels * states) * (backward ? 24 : 8))
        return Case(name: "selective scan B32 T50 D128 N16 forward\(backward ? "+backward" : "")", work: work)
        {
            inputs.clear()
            let context = inputs.context(records: backward)
            let parameter = { (rows: Int, columns: Int) in
                context.variable(values(rows * columns), shape: [rows, columns])
            }
            let y = context.selectiveScan(
                inputs.x, delta: context.activation(inputs.z, .softplus), a: parameter(channels, states),
                b: parameter(steps, states), c: parameter(steps, states), skip: parameter(1, channels),
                segments)
            guard backward else { return y.values[0] }
            let loss = context.sum(y)
            context.backward(from: loss)
            return loss.item
        }
    }

    /// Two tensors that outlive their contexts.
    private final class Inputs {
        let x: Tensor
        let z: Tensor
        private let slots: [ParameterSlot]
        private let gradients: [UnsafeMutablePointer<Float>]
        private let pool = BufferPool()

        init(
            _ x: UnsafeMutablePointer<Float>, _ z: UnsafeMutablePointer<Float>, rows: Int? = nil, width: Int
        ) {
            let rows = rows ?? SelectionCases.count / width
            slots = ["x", "z"].map { ParameterSlot(name: $0, rows: rows, columns: width, isTrainable: true) }
            gradients = slots.map { _ in memory(rows * width) }
            self.x = Tensor(unboundParameter: [rows, width], slot: slots[0])
            self.z = Tensor(unboundParameter: [rows, width], slot: slots[1])
            self.x.bind(values: x)
            self.z.bind(values: z)
            for (slot, gradient) in zip(slots, gradients) { slot.bind(gradient: gradient) }
        }

        func clear() { for slot in slots { slot.clear() } }

        func context(records: Bool) -> Context {
            Context(mode: .evaluation, recordsGradients: records, pool: pool)
        }
    }
}
