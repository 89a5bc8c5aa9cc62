import Glibc
import Linux

/// What the descriptor store kept of one process, told apart by what the descriptors are: the store has one name for
/// all of them, and no order.
struct KeptProcess {
    /// The supervisor's end of its control channel.
    var control: Descriptor?
    /// Where what it prints is read.
    var output: Descriptor?
    /// Its notify socket.
    var notices: Descriptor?
    /// Its pidfd.
    var process: Descriptor?

    init(_ descriptors: [Descriptor]) {
        for descriptor in descriptors {
            var status = stat()
            guard fstat(descriptor.number, &status) == 0 else { continue }
            switch (status.st_mode & S_IFMT, Self.socketType(descriptor)) {
            case (S_IFIFO, _): output = descriptor
            case (S_IFSOCK, Int32(SOCK_SEQPACKET.rawValue)): control = descriptor
            case (S_IFSOCK, _): notices = descriptor
            default: process = descriptor
            }
        }
    }

    private static func socketType(_ descriptor: Descriptor) -> Int32? {
        var type: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor.number, SOL_SOCKET, SO_TYPE, &type, &length) == 0 ? type : nil
    }
}
