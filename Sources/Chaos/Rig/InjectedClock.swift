import Foundation
import Glibc

/// The wall clock of a cluster of chaos' own: its programs add what stands in a file (`WallTime` in `Linux`).
///
/// The machine's clock is everyone's, and time namespaces move only the clocks that count from the boot: so the jump
/// is given to the programs.
struct InjectedClock: Sendable {
    private let path: String

    init(at path: String) {
        self.path = path
        set(.zero)
    }

    /// How far ahead of the machine's clock, or behind it. In place: the programs have the file mapped.
    func set(_ offset: Duration) {
        var milliseconds = Int64(offset / .milliseconds(1))
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { return }
        pwrite(file, &milliseconds, 8, 0)
        close(file)
    }
}
