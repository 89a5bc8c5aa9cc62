/// The one buffer into which a loop reads whatever comes, so that idle connections own none.
///
/// What is read must be used up or copied before the next read.
final class Scratch {
    static let size = 262_144

    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)

    deinit { buffer.deallocate() }

    /// The first bytes.
    func prefix(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<count]) }
}
