// As much of Foundation as the package and its examples use. Where the documentation says that something
// came later than macOS 10.15 and iOS 13, it says so here.

@_exported import Darwin
@_exported import Dispatch

// MARK: Values

public struct Data: Sendable, Hashable, Codable, RandomAccessCollection {
  public init() {}
  public init(_ bytes: some Sequence<UInt8>) {}
  public init(contentsOf url: URL) throws {}
  public var startIndex: Int { 0 }
  public var endIndex: Int { 0 }
  public subscript(index: Int) -> UInt8 { 0 }
  public subscript(bounds: Range<Int>) -> Data { self }
  public static func += (left: inout Data, right: Data) {}

  public struct WritingOptions: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let atomic = WritingOptions(rawValue: 1)
  }

  public func write(to url: URL, options: WritingOptions = []) throws {}
}

public struct Date: Sendable, Hashable {
  public init() {}
  public var timeIntervalSince1970: Double { 0 }
}

public struct URL: Sendable, Hashable {
  public init(fileURLWithPath path: String) {}
  @available(macOS 13, iOS 16, tvOS 16, *)
  public init(filePath: String) {}
  @available(macOS 13, iOS 16, tvOS 16, *)
  public enum DirectoryHint: Sendable {
    case isDirectory, notDirectory, checkFileSystem, inferFromPath
  }
  @available(macOS 13, iOS 16, tvOS 16, *)
  public init(filePath: String, directoryHint: DirectoryHint) {}
  @available(macOS 13, iOS 16, tvOS 16, *)
  public func appending(path: String) -> URL { self }
  public var path: String { "" }
  public var lastPathComponent: String { "" }
  public func deletingLastPathComponent() -> URL { self }
  public var absoluteString: String { "" }
  public var isFileURL: Bool { true }
}

public protocol LocalizedError: Error {
  var errorDescription: String? { get }
}

public struct CharacterSet: Sendable {
  public static let whitespaces = CharacterSet()
}

extension StringProtocol {
  public func trimmingCharacters(in set: CharacterSet) -> String { "" }
}

extension String {
  public init(format: String, _ arguments: any CVarArg...) { self = format }
}

// MARK: JSON

public class JSONEncoder: @unchecked Sendable {
  public struct OutputFormatting: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let prettyPrinted = OutputFormatting(rawValue: 1)
    public static let sortedKeys = OutputFormatting(rawValue: 2)
    public static let withoutEscapingSlashes = OutputFormatting(rawValue: 8)
  }

  public enum NonConformingFloatEncodingStrategy: Sendable {
    case `throw`
    case convertToString(positiveInfinity: String, negativeInfinity: String, nan: String)
  }

  public init() {}
  public var outputFormatting: OutputFormatting = []
  public var nonConformingFloatEncodingStrategy = NonConformingFloatEncodingStrategy.throw
  public func encode<Value: Encodable>(_ value: Value) throws -> Data { Data() }
}

public class JSONDecoder: @unchecked Sendable {
  public enum NonConformingFloatDecodingStrategy: Sendable {
    case `throw`
    case convertFromString(positiveInfinity: String, negativeInfinity: String, nan: String)
  }

  public init() {}
  public var nonConformingFloatDecodingStrategy = NonConformingFloatDecodingStrategy.throw
  public func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
    fatalError()
  }
}

// MARK: Progress, locks, threads

public struct ProgressUserInfoKey: Sendable, Hashable, RawRepresentable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  public init(_ rawValue: String) { self.rawValue = rawValue }
}

public struct ProgressKind: Sendable, Hashable {
  public static let file = ProgressKind()
}

open class Progress: @unchecked Sendable {
  public init(totalUnitCount: Int64) {}
  open class func current() -> Progress? { nil }
  open func becomeCurrent(withPendingUnitCount count: Int64) {}
  open func resignCurrent() {}
  open var totalUnitCount: Int64 = 0
  open var completedUnitCount: Int64 = 0
  open var fractionCompleted: Double { 0 }
  open var isCancellable = false
  open var isPausable = false
  open var isCancelled: Bool { false }
  open var cancellationHandler: (@Sendable () -> Void)?
  open var kind: ProgressKind?
  open var userInfo: [ProgressUserInfoKey: Any] { [:] }
  open func setUserInfoObject(_ object: Any?, forKey key: ProgressUserInfoKey) {}
  open func cancel() {}
}

open class NSLock: @unchecked Sendable {
  public init() {}
  public func withLock<Result>(_ body: () throws -> Result) rethrows -> Result { try body() }
}

open class NSRecursiveLock: @unchecked Sendable {
  public init() {}
  open func `try`() -> Bool { true }
  open func unlock() {}
}

public enum QualityOfService: Sendable { case utility }

open class Thread: @unchecked Sendable {
  public init(block: @escaping @Sendable () -> Void) {}
  open var name: String?
  open var qualityOfService = QualityOfService.utility
  open func start() {}
  open class func sleep(forTimeInterval interval: Double) {}
}

// MARK: Files and processes

open class FileHandle: @unchecked Sendable {
  open class var standardError: FileHandle { FileHandle() }
  open class var standardOutput: FileHandle { FileHandle() }
  open func write(_ data: Data) {}
  open var availableData: Data { Data() }
  open var fileDescriptor: Int32 { 0 }
}

open class ProcessInfo: @unchecked Sendable {
  open class var processInfo: ProcessInfo { ProcessInfo() }
  open var environment: [String: String] { [:] }
}

public struct FileAttributeKey: Sendable, Hashable {
  public static let size = FileAttributeKey()
}

open class FileManager: @unchecked Sendable {
  open func attributesOfItem(atPath path: String) throws -> [FileAttributeKey: Any] { [:] }
  open class var `default`: FileManager { FileManager() }
  open var temporaryDirectory: URL { URL(fileURLWithPath: "") }
  open func fileExists(atPath path: String) -> Bool { false }
  open func removeItem(atPath path: String) throws {}
  open func copyItem(atPath source: String, toPath target: String) throws {}
  open func createDirectory(
    atPath path: String, withIntermediateDirectories createsIntermediates: Bool,
    attributes: [FileAttributeKey: Any]? = nil
  ) throws {}
}

/// What is known of a file.

open class Bundle: @unchecked Sendable {
  open class var main: Bundle { Bundle() }
  open var bundleURL: URL { URL(fileURLWithPath: "") }
  open var executableURL: URL? { nil }
  /// What the package manager generates for targets with resources.
  public static var module: Bundle { Bundle() }
}

open class Pipe: @unchecked Sendable {
  public init() {}
  open var fileHandleForReading: FileHandle { FileHandle() }
}

@available(iOS, unavailable)
@available(tvOS, unavailable)
open class Process: @unchecked Sendable {
  public enum TerminationReason: Sendable { case exit, uncaughtSignal }

  public init() {}
  open var executableURL: URL?
  open var arguments: [String]?
  open var environment: [String: String]?
  open var standardOutput: Any?
  open var standardError: Any?
  open func run() throws {}
  open func waitUntilExit() {}
  open var processIdentifier: Int32 { 0 }
  open var terminationReason: TerminationReason { .exit }
  open var terminationStatus: Int32 { 0 }
}
