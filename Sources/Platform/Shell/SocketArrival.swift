import Glibc
import Linux

/// Tells when a socket is bound anew at a path: its owner is starting. `inotify(7)`, so nothing is polled.
final class SocketArrival: EventHandler {
    private let descriptor: Descriptor
    private let name: String
    private let onArrival: () -> Void
    private let loop: EventLoop
    private var registration: EventLoop.Registration?

    /// Watches the directory of the path, which must exist. The loop keeps this alive until `close`.
    init(_ path: String, on loop: EventLoop, _ onArrival: @escaping () -> Void) throws(SystemError) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let directory = String(path[..<slash])
        name = String(path[path.index(after: slash)...])
        (self.loop, self.onArrival) = (loop, onArrival)
        descriptor = Descriptor(
            try SystemError.check("inotify_init1") { inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) })
        let number = descriptor.number
        try SystemError.check("inotify_add_watch", path: directory) {
            inotify_add_watch(number, directory, UInt32(IN_CREATE | IN_MOVED_TO))
        }
        registration = try loop.watch(number, for: .readable, self)
    }

    func close() {
        if let registration { loop.unwatch(registration) }
        registration = nil
        descriptor.close()
    }

    func handle(_ readiness: Readiness) {
        var hasArrived = false
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while case let count = read(descriptor.number, buffer.baseAddress, buffer.count), count > 0 {
                hasArrived = names(in: UnsafeRawBufferPointer(rebasing: buffer[..<count])) || hasArrived
            }
        }
        if hasArrived { onArrival() }
    }

    /// Whether the events speak of our socket, or some were lost.
    private func names(in events: UnsafeRawBufferPointer) -> Bool {
        let headSize = MemoryLayout<inotify_event>.size
        var start = 0
        while start + headSize <= events.count {
            let event = events.loadUnaligned(fromByteOffset: start, as: inotify_event.self)
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
            let text = events[(start + headSize)..<(start + headSize + Int(event.len))].prefix { $0 != 0 }
            if text.elementsEqual(name.utf8) { return true }
            start += headSize + Int(event.len)
        }
        return false
    }
}
