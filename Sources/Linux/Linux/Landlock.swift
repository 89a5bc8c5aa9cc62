import CLinux
import Glibc

/// What a process may reach of the file system, whoever's it is; `landlock(7)`. Needs no privilege.
///
/// Nothing but the places that are named. From version 4 on TCP ports can be closed too; from version 6 on no signal
/// leaves for a process outside, and no abstract socket outside is connected to. A process outside can never be traced.
package enum Landlock {
    /// A file or a directory with all below it. One that is not there is passed over.
    package struct Place: Hashable, Sendable {
        package enum Access: Hashable, Sendable {
            case read
            case execute
            /// Read, write, make, rename, remove; not execute.
            case write
        }

        package var path: String
        package var access: Access

        package init(_ path: String, _ access: Access) { (self.path, self.access) = (path, access) }
    }

    /// What the kernel knows: 0 for nothing, 1 for Linux 5.13, 4 for 6.7, 6 for 6.12.
    package static let version = Int(clinux_landlock_version())
    /// From which version on signals and abstract sockets are kept inside, and TCP ports can be closed.
    package static let scopesVersion = 6
    package static let portsVersion = 4

    /// Makes a set of rules, to be entered by this process or by one that it starts. Paths are followed now, with this
    /// process's rights.
    package static func rules(_ places: [Place], closesPorts: Bool) throws(SystemError) -> Descriptor {
        let texts = places.map { strdup($0.path) }
        defer { for text in texts { free(text) } }
        let form = zip(places, texts).map { place, text in
            clinux_landlock_place(
                path: text, may_write: place.access == .write, may_execute: place.access == .execute)
        }
        var failed = 0
        let number = clinux_landlock_rules(form, form.count, closesPorts, &failed)
        guard number >= 0 else {
            throw SystemError("landlock", path: failed < places.count ? places[failed].path : "rules")
        }
        return Descriptor(number)
    }
}
