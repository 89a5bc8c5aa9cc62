import CLinux
import Glibc

/// Tells when `cgroup.events` files change, all by one descriptor; `inotify(7)`, and "[Un]populated Notification" in
/// the kernel's cgroup-v2 document.
final class EmptinessWatch: EventHandler {
    struct Token: Hashable {
        fileprivate let number: Int32
    }

    private let descriptor: Descriptor
    private var actions: [Int32: () -> Void] = [:]

    /// For as long as the loop lives.
    init(on loop: EventLoop) throws(SystemError) {
        descriptor = Descriptor(try SystemError.check("inotify_init") { clinux_inotify() })
        _ = try loop.watch(descriptor.number, for: .readable, self)
    }

    /// Nil when the file cannot be watched. The action is called at each change until `cancel`.
    func watch(_ path: String, _ action: @escaping () -> Void) -> Token? {
        let number = clinux_inotify_watch(descriptor.number, path)
        guard number >= 0 else { return nil }
        actions[number] = action
        return Token(number: number)
    }

    func cancel(_ token: Token) {
        guard actions.removeValue(forKey: token.number) != nil else { return }
        clinux_inotify_cancel(descriptor.number, token.number)
    }

    func handle(_ readiness: Readiness) {
        var changed: [Int32] = []
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while true {
                let count = read(descriptor.number, buffer.baseAddress, buffer.count)
                guard count > 0 else { return }
                var offset = 0
                while offset < count {
                    // The watch's number comes first, the length of the name fourth; then the name.
                    changed.append(buffer.load(fromByteOffset: offset, as: Int32.self))
                    offset += 16 + Int(buffer.load(fromByteOffset: offset + 12, as: UInt32.self))
                }
            }
        }
        for number in changed { actions[number]?() }
    }
}
