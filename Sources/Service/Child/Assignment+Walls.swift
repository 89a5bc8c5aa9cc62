import Contracts
import Linux

extension Assignment {
    /// Shuts this process in with the walls that it is given: its user, then its files.
    ///
    /// Throws what the process has to end with: it would otherwise work half shut in.
    func shutIn() throws(StartFailure) {
        guard walls.user != nil || walls.closesFiles else { return }
        var confinement = Confinement()
        (confinement.user, confinement.group) = (walls.user, walls.group)
        confinement.closesPorts = walls.closesPorts
        if walls.closesFiles {
            confinement.places = [.init(data, .write), .init("/dev/null", .write)]
            confinement.places! += walls.writable.map { .init($0, .write) }
            confinement.places! += walls.readable.map { .init($0, .execute) }
        }
        do throws(SystemError) {
            try confinement.enter(directory: data)
        } catch {
            throw StartFailure("the walls around this process cannot be built: \(error)")
        }
    }
}
