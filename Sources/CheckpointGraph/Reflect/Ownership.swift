import CFieldLayout

/// How a stored property holds an object.
///
/// What `Mirror` shows of a property that is not strong, it asks the runtime for, one property of one object
/// at a time; read in place, it costs as much as any other.
enum Ownership {
  /// The object lives for as long as its owner does: what every other value is to its owner, too.
  case strong
  /// `weak`: there is nothing once the object is gone.
  case weak
  /// `unowned`: the process ends if the object is gone.
  case unowned
  /// `unowned(unsafe)`: nobody looks whether the object is gone.
  case unmanaged
  /// Not strong, and the runtime does not tell which of the others.
  case unknown

  /// Takes the runtime's word for it.
  init(_ ownership: ck_ownership) {
    switch ownership {
    case ck_strong: self = .strong
    case ck_weak: self = .weak
    case ck_unowned: self = .unowned
    case ck_unmanaged: self = .unmanaged
    default: self = .unknown
    }
  }

  // Laid out as the properties are. What follows the reference if the type is a protocol is of no use here:
  // the object says itself what it is.
  private struct WeakReference { weak var object: AnyObject? }
  private struct UnownedReference { unowned var object: AnyObject? }
  private struct UnmanagedReference { unowned(unsafe) var object: AnyObject? }

  /// The object that a property refers to, which is not strong.
  ///
  /// - Parameters:
  ///   - owner: The object that has the property.
  ///   - offset: Where it is, in bytes from the beginning of the owner.
  /// - Returns: `nil` if there is none.
  func object(in owner: AnyObject, at offset: Int) -> AnyObject? {
    // The property is initialized for as long as the owner lives, and of that kind: `StoredProperties` has
    // compared it with what `Mirror` shows.
    let start = unsafe UnsafeRawPointer(Unmanaged.passUnretained(owner).toOpaque()) + offset
    defer { extendLifetime(owner) }
    switch self {
    case .weak: return unsafe start.assumingMemoryBound(to: WeakReference.self).pointee.object
    case .unowned: return unsafe start.assumingMemoryBound(to: UnownedReference.self).pointee.object
    case .unmanaged:
      return unsafe start.assumingMemoryBound(to: UnmanagedReference.self).pointee.object
    case .strong, .unknown: return nil
    }
  }
}
