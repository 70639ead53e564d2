/// Which room may import which: the binding table of `docs/architecture.md`.
enum RoomTable {
    /// What every Swift room may import.
    static let system: Set<String> = [
        "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Groundwork", "Synchronization",
    ]

    /// C modules with the rooms that import them. ISA-L has three: inflating texts, inflating pages, checksums.
    static let importersOfC: [String: Set<String>] = [
        "CAllocator": ["pyhealth-bench", "pyhealth-worker"],
        "CHDF5": ["HDF5"],
        "CISAL": ["DelimitedText", "Digests", "Parquet"],
        "CKernels": ["Kernels"],
        "CLZ4": ["Parquet"],
        "COpenBLAS": ["Kernels"],
        "COpenSSL": ["Digests"],
        "CScan": ["DelimitedText"],
        "CProcess": ["ClusterRuntime"],
        "CSnappy": ["Parquet"],
        "CZeroMQ": ["ZeroMQ"],
        "CZstd": ["Parquet"],
    ]

    private static let journey: Set<String> = [
        "Batching", "ClinicalData", "Datasets", "Digests", "Evaluation", "Layers", "Models", "Processors",
        "Reports", "Storage", "SyntheticCorpora", "Tasks", "Tensors", "Training",
    ]

    /// Rooms with what they may import besides ``system``.
    static let imports: [String: Set<String>] = [
        // The Swift faces of C modules
        "DelimitedText": ["CISAL", "CScan"],
        "Digests": ["CISAL", "COpenSSL"],
        "HDF5": ["CHDF5"],
        "Kernels": ["CKernels", "COpenBLAS"],
        "Parquet": ["CISAL", "CLZ4", "CSnappy", "CZstd"],
        "ZeroMQ": ["CZeroMQ"],
        // The journey
        "Groundwork": ["Yams"],
        "ClinicalData": [],
        "Datasets": ["ClinicalData", "DelimitedText", "Digests", "Parquet"],
        "MedicalCodes": ["DelimitedText"],
        "Tasks": ["ClinicalData", "MedicalCodes"],
        "Processors": ["ClinicalData", "MedicalCodes"],
        "Storage": ["ClinicalData", "Datasets", "Digests", "HDF5", "Processors"],
        "Tensors": ["Kernels"],
        "Layers": ["Kernels", "Tensors"],
        "Batching": ["ClinicalData", "Processors", "Storage", "Tensors"],
        "Models": ["Batching", "ClinicalData", "Layers", "Processors", "Tensors"],
        "Evaluation": ["ClinicalData"],
        "Reports": ["ClinicalData", "Evaluation"],
        "Training": [
            "Batching", "ClinicalData", "Evaluation", "Layers", "Models", "Storage", "Tensors",
        ],
        "SyntheticCorpora": ["ClinicalData", "DelimitedText", "Evaluation"],
        "Stages": journey,
        // The cluster: it knows no patients
        "ClusterProtocol": ["SwiftProtobuf"],
        "ClusterRuntime": ["CProcess", "ClusterProtocol", "Digests", "Logging", "SwiftProtobuf", "ZeroMQ"],
        "ClusterSimulation": ["ClusterProtocol", "ClusterRuntime", "Digests", "SwiftProtobuf"],
        "cluster-simulate": ["ArgumentParser", "ClusterProtocol", "ClusterSimulation"],
        // Wiring
        "Wiring": ["ClusterRuntime", "Stages"],
        "pyhealth-coord": [
            "ArgumentParser", "ClusterProtocol", "ClusterRuntime", "HDF5", "Logging", "Reports", "Stages",
            "SyntheticCorpora", "Wiring", "ZeroMQ",
        ],
        "pyhealth-worker": [
            "ArgumentParser", "CAllocator", "ClusterProtocol", "ClusterRuntime", "Logging", "Stages",
            "Training",
        ],
        "pyhealth-bench": [
            "ArgumentParser", "Batching", "CAllocator", "ClinicalData", "ClusterProtocol", "ClusterRuntime",
            "Digests", "Evaluation", "Kernels", "Layers", "Models", "Stages", "Storage", "SyntheticCorpora",
            "Tensors", "Training", "Wiring",
        ],
    ]
}
