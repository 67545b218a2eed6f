import CheckpointIO
import CheckpointTensors

/// What all files of a V1 checkpoint together say of the tensors.
///
/// Source of the checks: tensorflow/core/util/tensor_slice_reader.cc, `LoadShard`; tensor_slice_set.cc,
/// `Register`.
struct SlicesCatalog: Sendable {
  /// A slice that is stored, and the file that has it.
  struct StoredSlice: Hashable, Sendable {
    let slice: TensorSlice
    /// The file, counted from 0.
    let file: Int
  }

  /// A tensor, and the slices of it that are stored: one or more.
  struct SavedTensor: Sendable {
    let spec: TensorSpec
    var slices: [StoredSlice]

    /// The only slice, if it is all of the tensor.
    var whole: StoredSlice? {
      guard slices.count == 1, let region = try? slices[0].slice.region(in: spec.shape),
        region.shape == spec.shape
      else { return nil }
      return slices[0]
    }
  }

  /// The tensors' keys in byte order.
  private(set) var keys: [TensorKey] = []
  private var tensors: [TensorKey: SavedTensor] = [:]

  /// Puts together what the files say.
  ///
  /// - Throws: `corrupt` if they contradict each other or themselves.
  init(_ files: [SlicesFile]) throws(CheckpointError) {
    for (number, file) in files.enumerated() {
      for tensor in file.meta.tensors {
        do throws(CheckpointError) {
          try add(tensor, file: number)
        } catch {
          throw error.located(file: file.path, key: tensor.key.description)
        }
      }
    }
    keys = tensors.keys.sorted()
    try checkDistinct(files)
  }

  /// What is stored of a tensor; `nil` for a key that no file lists with slices.
  subscript(key: TensorKey) -> SavedTensor? { tensors[key] }

  private mutating func add(_ tensor: SavedSliceMeta, file: Int) throws(CheckpointError) {
    var slices: [StoredSlice] = []
    for slice in tensor.slices {
      do throws(CheckpointError) {
        _ = try slice.region(in: tensor.spec.shape)
      } catch {
        throw CheckpointError(.corrupt, error.message)
      }
      slices.append(StoredSlice(slice: slice, file: file))
    }
    guard !slices.isEmpty else { return }  // for TensorFlow, too, there is no such tensor
    if let spec = tensors[tensor.key]?.spec, spec != tensor.spec {
      throw CheckpointError(
        .corrupt, "some slices are listed as of a tensor \(spec), others as of \(tensor.spec)")
    }
    tensors[tensor.key, default: SavedTensor(spec: tensor.spec, slices: [])].slices += slices
  }

  private func checkDistinct(_ files: [SlicesFile]) throws(CheckpointError) {
    for (key, tensor) in tensors where tensor.slices.count > 1 {
      var seen: Set<TensorSlice> = []
      for stored in tensor.slices where !seen.insert(stored.slice).inserted {
        throw CheckpointError(
          .corrupt, "slice \(stored.slice) is listed twice", file: files[stored.file].path,
          key: key.description)
      }
    }
  }
}
