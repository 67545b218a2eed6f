// swift-tools-version: 6.2
import Foundation
import PackageDescription

// On Linux, and wherever MLX is not wanted, a stub of a few hundred lines with the same signatures takes the
// place of MLX. `CHECKPOINTS_MLX=1 swift run finetune …` takes the real one.
let isReal = ProcessInfo.processInfo.environment["CHECKPOINTS_MLX"] == "1"

let package = Package(
  name: "checkpoints-mlx",
  platforms: [.macOS(.v15), .iOS(.v18)],
  dependencies: [
    .package(name: "swift-checkpoints", path: "../.."),
    isReal
      ? .package(url: "https://github.com/ml-explore/mlx-swift", from: "0.25.0")
      : .package(name: "mlx-stub", path: "Stub"),
  ],
  targets: [
    .executableTarget(
      name: "finetune",
      dependencies: [.product(name: "Checkpoints", package: "swift-checkpoints")]
        + ["MLX", "MLXNN", "MLXOptimizers"].map {
          .product(name: $0, package: isReal ? "mlx-swift" : "mlx-stub")
        },
      path: "Sources/Finetune")
  ])
