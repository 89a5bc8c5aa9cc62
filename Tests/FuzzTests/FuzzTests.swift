import Fuzz
import Support
import Testing

/// A short, repeatable stretch of what `scripts/fuzz` does for hours.
@Suite struct FuzzTests {
    @Test(arguments: FuzzTarget.all.map(\.name))
    func `keeps its promises on well-formed bytes and on mutations of them`(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        var random = SplitMix64(seed: 4711)
        for seed in target.seeds {
            try target.run(seed)
            for _ in 0..<200 { try target.run(Self.mutate(seed, target, &random)) }
        }
    }

    private static func mutate(_ seed: [UInt8], _ target: FuzzTarget, _ random: inout SplitMix64) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where place < bytes.count: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            case 1 where place < bytes.count: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: target.words.randomElement(using: &random)!.utf8, at: place)
            default: bytes.insert(contentsOf: bytes[..<place].suffix(8), at: place)
            }
        }
        return bytes
    }
}
