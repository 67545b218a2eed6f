import Foundation

/// Ends the program if something is not as the page says.
func expect(_ holds: Bool, file: StaticString = #fileID, line: UInt = #line) {
  if !holds { fail("\(file):\(line): not as the page says") }
}

/// Ends the program with a message.
func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data("\(message)\n".utf8))
  exit(1)
}
