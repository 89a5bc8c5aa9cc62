import Support

/// One reader of bytes that come from outside, and what must be true of it whatever they are.
package struct FuzzTarget: Sendable {
    /// A promise that some bytes broke.
    package struct Broken: Error, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    package let name: String
    /// Well-formed bytes, and such that nearly are, from which mutation starts.
    package internal(set) var seeds: [[UInt8]]
    /// Words that the form knows, which chance alone would take long to find.
    package let words: [String]
    /// Throws `Broken`. Must not read outside the bytes, which lie in memory of their exact size.
    package let check: @Sendable (UnsafeRawBufferPointer) throws -> Void

    package init(
        _ name: String, seeds: [String], words: [String],
        _ check: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) {
        (self.name, self.words, self.check) = (name, words, check)
        self.seeds = seeds.map { Array($0.utf8) }
    }

    package static let all: [FuzzTarget] = [
        .requestHead, .responseHead, .chunked, .greeting, .commands, .json, .message, .query, .forwarded, .http2,
        .proxy,
    ]

    /// Runs the check on a copy whose size is exactly that of the bytes, so that a read behind them is noticed.
    package func run(_ bytes: some Collection<UInt8>) throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        try check(UnsafeRawBufferPointer(memory))
    }
}

func demand(_ isSo: Bool, _ promise: @autoclosure () -> String) throws {
    if !isSo { throw FuzzTarget.Broken(promise()) }
}

extension UnsafeRawBufferPointer {
    /// The first bytes, in memory of their own.
    func withPrefix<Result>(_ count: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: self[..<count])
        return try body(UnsafeRawBufferPointer(memory))
    }

    /// Lengths of beginnings to look at: all of short bytes, some 64 of long ones; the whole is the last.
    var prefixes: [Int] { Array(stride(from: 1, to: count, by: Swift.max(1, count / 64))) + [count] }
}
