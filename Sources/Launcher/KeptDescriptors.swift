import CLinux
import Glibc
import Linux

/// The descriptors that the supervisor hands over to have them back in its next life: the FD store of
/// `sd_notify(3)`, `FileDescriptorStoreMax=`.
package struct KeptDescriptors {
    /// As systemd's `FDNAME=`.
    package static let nameLengthMax = 255

    /// Why one was not taken.
    package enum Refusal: Hashable, Sendable {
        case full
        case badName
    }

    package private(set) var all: [(name: String, descriptor: Descriptor)] = []
    /// Descriptors that are kept at once.
    package let countMax: Int
    /// Bytes of all names together: they travel in one variable (`LISTEN_FDNAMES`), which the kernel lets have 128 KiB.
    package let namesLengthMax: Int
    private var namesLength = 0

    package init(countMax: Int = 8000, namesLengthMax: Int = 120_000) {
        (self.countMax, self.namesLengthMax) = (countMax, namesLengthMax)
    }

    /// Keeps a descriptor. Several may have one name. One that leads to the same open file as another of that name is
    /// taken for it and closed.
    package mutating func keep(_ descriptor: Descriptor, as name: String) -> Refusal? {
        guard Self.isName(name) else { return .badName }
        if all.contains(where: { $0.name == name && Self.areSame($0.descriptor, descriptor) }) { return nil }
        guard all.count < countMax, namesLength + name.utf8.count < namesLengthMax else { return .full }
        all.append((name, descriptor))
        namesLength += name.utf8.count + 1
        return nil
    }

    /// Closes all of the name.
    package mutating func drop(_ name: String) {
        let before = all.count
        all.removeAll { $0.name == name }
        namesLength -= (before - all.count) * (name.utf8.count + 1)
    }

    /// Closes those that are of no use any more: sockets that were shut down, pipes without a reader.
    package mutating func dropHungUp() {
        guard !all.isEmpty else { return }
        var asked = all.map { pollfd(fd: $0.descriptor.number, events: 0, revents: 0) }
        guard poll(&asked, nfds_t(asked.count), 0) > 0 else { return }
        let isGone = asked.map { Int32($0.revents) & (POLLHUP | POLLERR | POLLNVAL) != 0 }
        all = zip(all, isGone).filter { !$0.1 }.map(\.0)
        namesLength = all.reduce(0) { $0 + $1.name.utf8.count + 1 }
    }

    private static func isName(_ name: String) -> Bool {
        (1...nameLengthMax).contains(name.utf8.count) && name.utf8.allSatisfy { (33...126).contains($0) && $0 != 58 }
    }

    /// Sockets and pipes have an inode of their own.
    private static func areSame(_ a: Descriptor, _ b: Descriptor) -> Bool {
        var (first, second) = (stat(), stat())
        guard fstat(a.number, &first) == 0, fstat(b.number, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
            && first.st_mode & S_IFMT == S_IFSOCK
    }
}
