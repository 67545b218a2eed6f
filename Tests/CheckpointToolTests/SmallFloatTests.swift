import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

@testable import CheckpointTool

@Suite struct SmallFloatTests {
  @Test(
    arguments: [
      (.float16, 0x3C00, 1), (.float16, 0x7BFF, 65504), (.float16, 0x0001, 0x1p-24),
      (.bfloat16, 0x3F80, 1), (.bfloat16, 0x7F7F, 0x1.FEp127), (.bfloat16, 0x8001, -0x1p-133),
      (.float8E5M2, 0x7B, 57344), (.float8E5M2, 0x7C, .infinity), (.float8E5M2, 0x01, 0x1p-16),
      (.float8E4M3FN, 0x7E, 448), (.float8E4M3FN, 0xFE, -448), (.float8E4M3FN, 0x01, 0x1p-9),
      (.float8E4M3FNUZ, 0x7F, 240), (.float8E4M3B11FNUZ, 0x7F, 30), (.float8E5M2FNUZ, 0x7F, 57344),
      (.float4E2M1FN, 0x07, 6), (.float4E2M1FN, 0xF9, -0.5),
    ] as [(DType, UInt16, Double)])
  func `bits have the values of their format`(dtype: DType, bits: UInt16, value: Double) throws {
    #expect(try #require(SmallFloat(dtype)).value(bits) == value)
  }

  @Test(
    arguments: [
      (.float8E4M3FN, 0x7F), (.float8E4M3FN, 0xFF), (.float8E4M3FNUZ, 0x80), (.float8E5M2, 0x7D),
      (.float8E4M3B11FNUZ, 0x80), (.float8E5M2FNUZ, 0x80), (.bfloat16, 0x7FC0), (.float16, 0x7C01),
    ] as [(DType, UInt16)])
  func `some bits are no number`(dtype: DType, bits: UInt16) throws {
    let format = try #require(SmallFloat(dtype))
    #expect(format.value(bits).isNaN)
    #expect(format.shortest(bits) == nil)
  }

  @Test func `short digits tell all numbers of a format apart`() throws {
    for dtype in [.float16, .bfloat16, .float8E4M3FN, .float8E5M2FNUZ, .float4E2M1FN] as [DType] {
      let format = try #require(SmallFloat(dtype))
      let highest: UInt16 = dtype == .float4E2M1FN ? 15 : (dtype.byteWidth == 1 ? 0xFF : .max)
      var seen: [String: UInt16] = [:]
      // Neighbours collide first: in a sample, all between 0.5 and 4, or so.
      let part: ClosedRange<UInt16> = dtype == .bfloat16 ? 0x3F00...0x4080 : 0x3800...0x4400
      for bits in highest == .max && !TestCases.areAll ? part : 0...highest {
        guard let number = format.shortest(bits) else { continue }
        #expect(seen.updateValue(bits, forKey: number.scientific(fractionDigits: 0)) == nil)
      }
    }
  }

  @Test func `sixteen bits are shown by their shortest digits`() throws {
    let half = try #require(SmallFloat(.float16)?.shortest(0x2E66)).positional
    #expect("\(half.integer).\(half.fraction)" == "0.1")
    let brain = try #require(SmallFloat(.bfloat16)?.shortest(0x3DCD)).positional
    #expect("\(brain.integer).\(brain.fraction)" == "0.1")
  }

  @Test func `every number of a format is the nearest to itself, and ties go to the even one`()
    throws
  {
    let dtypes: [DType] = [
      .float16, .bfloat16, .float8E5M2, .float8E4M3FN, .float8E4M3FNUZ, .float8E4M3B11FNUZ,
      .float8E5M2FNUZ, .float4E2M1FN,
    ]
    for dtype in dtypes {
      let format = try #require(SmallFloat(dtype))
      let half: UInt16 = 1 << UInt16(format.exponentBits + format.mantissaBits)
      for bits in stride(from: 0, to: half, by: half > 256 ? 7 : 1) {
        let (value, next) = (format.value(bits), format.value(bits + 1))
        guard value.isFinite else { continue }
        #expect(format.nearest(value) == bits, "\(dtype) \(bits)")
        #expect(value == 0 || format.nearest(-value) == bits | half, "\(dtype) \(bits)")
        guard bits + 1 < half, next.isFinite else { continue }
        let middle = (value + next) / 2  // exact: a Double has more digits
        #expect(format.nearest(middle) == (bits % 2 == 0 ? bits : bits + 1), "\(dtype) \(bits)")
        #expect(format.nearest(middle.nextDown) == bits, "\(dtype) \(bits)")
        #expect(format.nearest(middle.nextUp) == bits + 1, "\(dtype) \(bits)")
      }
    }
  }

  @Test func `what is too large is infinite, or the largest number`() throws {
    #expect(SmallFloat(.float16)?.nearest(65520) == 0x7C00)
    #expect(SmallFloat(.float16)?.nearest(65519) == 0x7BFF)
    #expect(SmallFloat(.bfloat16)?.nearest(-.infinity) == 0xFF80)
    #expect(SmallFloat(.float8E5M2)?.nearest(1e300) == 0x7C)
    #expect(SmallFloat(.float8E4M3FN)?.nearest(1e300) == 0x7E)
    #expect(SmallFloat(.float8E4M3FNUZ)?.nearest(-.infinity) == 0xFF)
    #expect(SmallFloat(.float4E2M1FN)?.nearest(100) == 7)
    #expect(SmallFloat(.float8E4M3FNUZ)?.nearest(-0.0) == 0)
    #expect(SmallFloat(.float16)?.nearest(.leastNonzeroMagnitude) == 0)
    for dtype in [.float16, .bfloat16, .float8E5M2, .float8E4M3FN, .float8E5M2FNUZ] as [DType] {
      let format = try #require(SmallFloat(dtype))
      #expect(format.value(format.nearest(.nan)).isNaN)
    }
  }
}
