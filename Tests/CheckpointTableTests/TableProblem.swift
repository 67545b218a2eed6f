import CheckpointIO
import CheckpointTable
import CheckpointTestSupport

/// How the message of every damage ends.
let damageAdvice = "; the file is damaged, restore another checkpoint (corrupt)"

/// What goes wrong when a table is opened and listed; `nil` if nothing does.
func problem(_ file: [UInt8], limits: TableLimits = TableLimits()) -> String? {
  do throws(CheckpointError) {
    _ = try TableReader(MemoryFile(file), limits: limits).entries()
    return nil
  } catch {
    return error.description
  }
}

/// What goes wrong when a key is looked up in a table that can be opened; `nil` if nothing does.
func lookUpProblem(_ file: [UInt8], _ key: String) throws -> String? {
  let table = try readTable(file)
  do throws(CheckpointError) {
    _ = try table.value(for: Array(key.utf8))
    return nil
  } catch {
    return error.description
  }
}
