// swift-tools-version: 6.2

// What everyday calls cost a program that uses the library: see Sources/everyday-calls/Program.swift.
//
//     swift run -c release --package-path Examples/EverydayCalls
//
// It is a package of its own, since a module of the library's own package may be compiled otherwise than one
// of a program that depends on it.

import PackageDescription

let package = Package(
  name: "everyday-calls",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-checkpoints", path: "../..")],
  targets: [
    .executableTarget(
      name: "everyday-calls",
      dependencies: [.product(name: "Checkpoints", package: "swift-checkpoints")],
      swiftSettings: [
        .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
      ])
  ]
)
