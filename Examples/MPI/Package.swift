// swift-tools-version: 6.2

// Processes that meet over MPI instead of files: see Sources/mpi-save/MPIProcessGroup.swift.
//
//     swift build --package-path Examples/MPI
//     mpirun -n 4 Examples/MPI/.build/debug/mpi-save DIRECTORY
//
// Needs an MPI with its headers: Debian's libopenmpi-dev or libmpich-dev, whichever pkg-config calls mpi-c. The
// name of another one goes into CHECKPOINTS_MPI: ompi-c, mpich. If its headers are not found all the same, their
// folder goes into CHECKPOINTS_MPI_HEADERS.

import PackageDescription

let headers = Context.environment["CHECKPOINTS_MPI_HEADERS"]
let settings: [SwiftSetting] =
  [.swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error)]
  + (headers.map { [.unsafeFlags(["-Xcc", "-I\($0)"])] } ?? [])

let package = Package(
  name: "mpi-save",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-checkpoints", path: "../..")],
  targets: [
    .systemLibrary(name: "CMPI", pkgConfig: Context.environment["CHECKPOINTS_MPI"] ?? "mpi-c"),
    .executableTarget(
      name: "mpi-save",
      dependencies: ["CMPI", .product(name: "Checkpoints", package: "swift-checkpoints")],
      swiftSettings: settings
    ),
  ]
)
