// As much of Dispatch as the package uses. All of it is older than any system that is checked for.

public final class DispatchQueue: @unchecked Sendable {
  public static func global() -> DispatchQueue { DispatchQueue() }

  public func async(execute work: @escaping @Sendable () -> Void) {}

  public static func concurrentPerform(iterations: Int, execute work: (Int) -> Void) {}
}

public final class DispatchGroup: @unchecked Sendable {
  public init() {}
  public func enter() {}
  public func leave() {}
  public func wait() {}
  public func notify(queue: DispatchQueue, execute work: @escaping @Sendable () -> Void) {}
}

public final class DispatchSemaphore: @unchecked Sendable {
  public init(value: Int) {}
  public func wait() {}
  @discardableResult public func signal() -> Int { 0 }
}

public protocol DispatchSourceProtocol: AnyObject {
  func setEventHandler(handler: (() -> Void)?)
  func setCancelHandler(handler: (() -> Void)?)
  func activate()
  func cancel()
}

public protocol DispatchSourceFileSystemObject: DispatchSourceProtocol {}

public final class DispatchSource {
  public struct FileSystemEvent: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let write = FileSystemEvent(rawValue: 2)
  }

  public class func makeFileSystemObjectSource(
    fileDescriptor: Int32, eventMask: FileSystemEvent, queue: DispatchQueue? = nil
  ) -> any DispatchSourceFileSystemObject {
    fatalError()
  }
}
