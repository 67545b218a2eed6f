// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "mlx-stub",
  products: ["MLX", "MLXNN", "MLXOptimizers"].map { .library(name: $0, targets: [$0]) },
  targets: [
    .target(name: "MLX", path: "MLX"),
    .target(name: "MLXNN", dependencies: ["MLX"], path: "MLXNN"),
    .target(name: "MLXOptimizers", dependencies: ["MLX", "MLXNN"], path: "MLXOptimizers"),
  ])
