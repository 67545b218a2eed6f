import CheckpointBundle
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that everything TensorFlow reads from its files is read here, value for value.
@Suite struct FixtureTests {
  @Test(arguments: Fixture.all)
  func `lists the tensors that TensorFlow lists`(fixture: Fixture) throws {
    let entries = try BundleReader(prefix: fixture.path).entries()
    #expect(entries.count == fixture.count)
    #expect(entries.map(\.key) == entries.map(\.key).sorted())
    let known = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.spec) })
    for tensor in fixture.tensors {
      let spec = try #require(known[tensor.key], "\(tensor.key)")
      #expect(spec.dtype.name == tensor.dtype, "\(tensor.key)")
      #expect(spec.shape.dimensions == tensor.shape, "\(tensor.key)")
    }
  }

  @Test(arguments: Fixture.all)
  func `reads the values that TensorFlow reads`(fixture: Fixture) throws {
    let reader = try BundleReader(prefix: fixture.path)
    for tensor in fixture.tensors {
      #expect(try reader.tensor(for: tensor.key).sha256 == tensor.sha256, "\(tensor.key)")
    }
  }

  @Test(arguments: Fixture.all)
  func `reads the slices that TensorFlow reads`(fixture: Fixture) throws {
    let reader = try BundleReader(prefix: fixture.path)
    for part in fixture.slices ?? [] {
      let slice = try TensorSlice.Part(part.slice ?? "").slice
      let tensor = try reader.tensor(for: part.key, slice: slice)
      #expect(tensor.spec.shape.dimensions == part.shape)
      #expect(tensor.sha256 == part.sha256, "\(part.key) \(slice)")
    }
  }

  @Test(arguments: Fixture.all)
  func `reads every tensor of a fixture, listed in the manifest or not`(fixture: Fixture) throws {
    let reader = try BundleReader(prefix: fixture.path)
    var digests: [UInt8] = []
    for entry in try reader.entries() {
      digests += Self.bytes(ofHexadecimal: try reader.tensor(for: entry.key).sha256)
    }
    #expect(SHA256.digest(of: digests) == fixture.combined_sha256)
  }

  @Test func `computes the digests that the standard gives as examples`() {
    #expect(
      SHA256.digest(of: "abc".utf8)
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.digest(of: []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  private static func bytes(ofHexadecimal digits: String) -> [UInt8] {
    stride(from: 0, to: digits.count, by: 2).compactMap { place in
      let start = digits.index(digits.startIndex, offsetBy: place)
      return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
    }
  }
}
