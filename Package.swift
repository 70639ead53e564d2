// swift-tools-version: 6.1
import PackageDescription

/// C sources run at full speed in debug builds too: the tests exercise the kernels that users get.
let optimizedC: [CSetting] = [.unsafeFlags(["-O3", "-fno-math-errno", "-fno-trapping-math"])]

/// Swift settings of every target.
let house: [SwiftSetting] = [.enableUpcomingFeature("InternalImportsByDefault")]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

/// Optimised in debug builds too, for rooms that tests spend most of their time in.
let optimized: SwiftSetting = .unsafeFlags(["-O"], .when(configuration: .debug))

/// The rooms that every row of a corpus goes through: a fifth of the time of a scan went into run-time checks of exclusive
/// access to class properties; each of their objects belongs to one thread.
let hot: [SwiftSetting] =
    house + [optimized, .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

/// The rooms that the simulator spends its time in: tests live through thousands of histories.
let simulated: [SwiftSetting] = house + [optimized]

func room(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = [],
    settings: [SwiftSetting] = house
) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

let journey: [Target.Dependency] = [
    "Groundwork", "Digests", "ClinicalData", "Datasets", "Tasks", "Processors", "Storage", "Batching",
    "Tensors", "Layers", "Models", "Evaluation", "Training", "Reports", "SyntheticCorpora",
]

let package = Package(
    name: "pyhealth-swift",
    products: [
        .executable(name: "pyhealth-coord", targets: ["pyhealth-coord"]),
        .executable(name: "pyhealth-worker", targets: ["pyhealth-worker"]),
        .executable(name: "pyhealth-bench", targets: ["pyhealth-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C modules
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
        .systemLibrary(name: "CISAL", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CLZ4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CSnappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .target(name: "CKernels", cSettings: optimizedC),
        .target(name: "CScan", cSettings: optimizedC),
        .target(name: "CAllocator"),
        .systemLibrary(name: "CProcess"),

        // The only Swift importers of their C modules
        room("Digests", ["COpenSSL", "CISAL", "Groundwork"]),
        room("DelimitedText", ["CScan", "CISAL", "Groundwork"], settings: hot),
        room("HDF5", ["CHDF5", "Groundwork"]),
        room("Kernels", ["COpenBLAS", "CKernels", "Groundwork"]),
        room("Parquet", ["CISAL", "CLZ4", "CSnappy", "CZstd", "Groundwork"]),
        room("ZeroMQ", ["CZeroMQ", "Groundwork"]),

        // The journey
        room("Groundwork", [yams]),
        room("ClinicalData", ["Groundwork"], settings: hot),
        room(
            "Datasets", ["ClinicalData", "DelimitedText", "Digests", "Parquet", "Groundwork"], settings: hot),
        room("MedicalCodes", ["DelimitedText", "Groundwork"]),
        room("Tasks", ["ClinicalData", "MedicalCodes", "Groundwork"]),
        room("Processors", ["ClinicalData", "MedicalCodes", "Groundwork"]),
        room("Storage", ["HDF5", "Digests", "Datasets", "Processors", "ClinicalData", "Groundwork"]),
        room("Tensors", ["Kernels", "Groundwork"]),
        room("Layers", ["Tensors", "Kernels", "Groundwork"]),
        room("Batching", ["Storage", "Processors", "ClinicalData", "Tensors", "Groundwork"]),
        room("Models", ["Batching", "Processors", "Layers", "Tensors", "ClinicalData", "Groundwork"]),
        room("Evaluation", ["ClinicalData", "Groundwork"]),
        room("Reports", ["Evaluation", "ClinicalData", "Groundwork"]),
        room(
            "Training",
            [
                "Models", "Batching", "Storage", "Evaluation", "Layers", "Tensors", "ClinicalData",
                "Groundwork",
            ]),
        room("SyntheticCorpora", ["ClinicalData", "DelimitedText", "Evaluation", "Groundwork"]),
        room("Stages", journey),

        // The cluster
        room("ClusterProtocol", [protobuf, "Groundwork"], settings: simulated),
        room(
            "ClusterRuntime",
            ["ClusterProtocol", "CProcess", "ZeroMQ", "Digests", "Groundwork", protobuf, logging]),

        // The cluster in a simulated world
        room(
            "ClusterSimulation", ["ClusterRuntime", "ClusterProtocol", "Digests", "Groundwork", protobuf],
            settings: simulated),
        .executableTarget(
            name: "cluster-simulate", dependencies: ["ClusterSimulation", "ClusterProtocol", argumentParser],
            swiftSettings: house),

        // Wiring
        room("Wiring", ["Stages", "ClusterRuntime"]),
        .executableTarget(
            name: "pyhealth-coord",
            dependencies: [
                "Wiring", "Stages", "ClusterRuntime", "ClusterProtocol", "Reports", "SyntheticCorpora",
                "HDF5", "ZeroMQ", "Groundwork",
                argumentParser,
                logging,
            ], swiftSettings: house),
        .executableTarget(
            name: "pyhealth-worker",
            dependencies: [
                "Stages", "ClusterRuntime", "ClusterProtocol", "Training", "CAllocator", "Groundwork",
                argumentParser,
                logging,
            ], swiftSettings: house),
        .executableTarget(
            name: "pyhealth-bench",
            dependencies: [
                "Kernels", "Tensors", "Layers", "Storage", "Evaluation", "SyntheticCorpora", "ClusterRuntime",
                "ClusterProtocol", "Wiring", "Stages", "Training", "CAllocator", "Groundwork", argumentParser,
            ],
            swiftSettings: house),

        // Tests
        .target(
            name: "TestSupport", dependencies: ["Datasets", "Processors", "ClinicalData", "Groundwork"],
            path: "Tests/TestSupport", swiftSettings: house),
        tests("ArchitectureTests", ["TestSupport"]),
        tests("MedicalCodesTests", ["MedicalCodes", "DelimitedText", "Groundwork", "TestSupport"]),
        tests("GroundworkTests", ["Groundwork", "TestSupport"]),
        tests("ClinicalDataTests", ["ClinicalData", "Groundwork", "TestSupport"]),
        tests(
            "DatasetsTests",
            ["Datasets", "DelimitedText", "Parquet", "ClinicalData", "Groundwork", "TestSupport"]),
        tests(
            "TasksTests",
            [
                "Tasks", "Datasets", "DelimitedText", "Processors", "MedicalCodes", "ClinicalData",
                "Digests", "Storage", "Groundwork", "TestSupport", "pyhealth-coord", "pyhealth-worker",
            ]),
        tests("ParquetTests", ["Parquet", "DelimitedText", "Groundwork", "TestSupport"]),
        tests("ProcessorsTests", ["Processors", "Tasks", "ClinicalData", "Groundwork", "TestSupport"]),
        tests(
            "StorageTests",
            [
                "Storage", "HDF5", "Digests", "Processors", "Datasets", "ClinicalData", "Groundwork",
                "TestSupport",
            ]),
        tests("TensorsTests", ["Tensors", "Layers", "Kernels", "Groundwork", "TestSupport"]),
        tests(
            "ModelsTests",
            [
                "Models", "Batching", "Storage", "HDF5", "Processors", "Layers", "Tensors", "ClinicalData",
                "Groundwork", "TestSupport",
            ]),
        tests("EvaluationTests", ["Evaluation", "ClinicalData", "Groundwork", "TestSupport"]),
        tests("ReportsTests", ["Reports", "Evaluation", "ClinicalData", "Groundwork", "TestSupport"]),
        tests(
            "TrainingTests",
            [
                "Training", "Models", "Batching", "Storage", "HDF5", "Evaluation", "Layers", "Tensors",
                "ClinicalData", "Processors", "Groundwork", "TestSupport",
            ]),
        tests("SyntheticCorporaTests", ["SyntheticCorpora", "Datasets", "Groundwork", "TestSupport"]),
        .executableTarget(
            name: "ClusterTestWorker",
            dependencies: ["ClusterRuntime", "ClusterProtocol", "Groundwork", logging],
            path: "Tests/ClusterTestWorker", swiftSettings: house),
        tests(
            "ClusterTests",
            [
                "ClusterTestWorker", "ClusterSimulation", "ClusterRuntime", "ClusterProtocol", "ZeroMQ",
                "Digests", "Groundwork",
                "TestSupport", protobuf,
            ]),
        tests(
            "StagesTests",
            [
                "pyhealth-coord", "pyhealth-worker", "SyntheticCorpora", "Stages", "ClinicalData", "Storage",
                "HDF5",
                "Digests", "Processors", "Groundwork", "TestSupport",
            ]),
    ],
    swiftLanguageModes: [.v6]
)
