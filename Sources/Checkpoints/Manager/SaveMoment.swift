/// When the last save was.
struct SaveMoment: Sendable {
  var step: Int?
  var time: Double
}
