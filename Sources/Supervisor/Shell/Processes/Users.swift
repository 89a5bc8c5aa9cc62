import Config
import Contracts
import Glibc
import Linux
import Nouns

/// Gives each project and each service a user id of its own, and its files to it.
///
/// The journal knows whose an id is, and is on disk before a process runs under it. An id is not given again while
/// anything of its project is left; where the journal was lost, the owners of the data directories tell.
///
/// Services form one group, the first id of the range: what they listen on is open to it, and to no project.
package final class Users {
    package let range: ClosedRange<UInt32>
    private let home: Home
    private let journal: Journal
    /// The user that moves and removes what deleted projects leave; root where no such service runs.
    private var keeper: UInt32 = 0

    /// Takes up what an earlier life gave. The directories of the data and of the sockets are passable to all.
    /// `kinds`: the services.
    package init(
        _ range: ClosedRange<UInt32>, services kinds: [Kind], home: Home, journal: Journal
    ) throws(SystemError) {
        (self.range, self.home, self.journal) = (range, home, journal)
        if journal.state.users.isEmpty || journal.damagedLines > 0 { recover(kinds) }
        let run = home.run.directory
        try SystemError.check("chown", path: run) { chown(run, .max, range.lowerBound) }
        if kinds.contains(.platform) { keeper = try id(of: .service(.platform)) }
        try owned(home.projects, mode: 0o711).establish(.itself)
        try owned(home.trash, mode: 0o700).establish(.everything)
    }

    /// The group of all services.
    package var services: UInt32 { range.lowerBound }

    /// The user and group that an instance's process becomes, chosen and written down if it has none yet.
    package func identity(of instance: InstanceID) throws(SystemError) -> (user: UInt32, group: UInt32) {
        let id = try id(of: UserOwner(instance))
        return (id, instance.project.isShared ? services : id)
    }

    /// The user that an instance's process should be; nil when none was chosen yet.
    package func user(of instance: InstanceID) -> UInt32? { journal.state.users.ids[UserOwner(instance)] }

    /// Makes an instance's data directory, or gives the one that is there, with all in it, to its user.
    package func establish(_ path: String, for instance: InstanceID) throws(SystemError) {
        let (user, group) = try identity(of: instance)
        guard !instance.project.isShared else {
            return try OwnedDirectory(path, user: user, group: group, mode: 0o710).establish(.everything)
        }
        let data = OwnedDirectory(path, user: user, group: group, mode: 0o700)
        guard !data.isInPlace else { return }
        // Whoever moves it away owns it, its project passes through it, and no other.
        try OwnedDirectory(home.data(of: instance.project), user: keeper, group: group, mode: 0o710).establish(.itself)
        try data.establish(.everything)
    }

    /// A project's processes are gone for good: its directories become the keeper's, who can then remove all of it,
    /// and its id may be given again once that is done.
    package func release(_ project: ProjectID) throws(SystemError) {
        let path = home.data(of: project)
        for name in Directory.names(in: path) where OwnedDirectory.owner(of: "\(path)/\(name)") != nil {
            try owned("\(path)/\(name)", mode: 0o700).establish(.directories)
        }
        if OwnedDirectory.owner(of: path) != nil { try owned(path, mode: 0o700).establish(.itself) }
        guard let id = journal.state.users.ids[.project(project)] else { return }
        journal.note(.user(.project(project), id, isReleased: true))
    }

    private func owned(_ path: String, mode: UInt32) -> OwnedDirectory {
        OwnedDirectory(path, user: keeper, group: keeper == 0 ? 0 : services, mode: mode)
    }

    // MARK: Ids

    private func id(of owner: UserOwner) throws(SystemError) -> UInt32 {
        if let id = journal.state.users.ids[owner] { return id }
        let left = restored(owner)
        guard let id = left ?? journal.state.users.next(in: range, isGone: isGone) else {
            throw SystemError("user ids of \(range.lowerBound)-\(range.upperBound) are used up", code: EUSERS)
        }
        journal.note(.user(owner, id, isReleased: false))
        journal.sync()
        if let failure = journal.failure { throw failure }
        return id
    }

    /// The id that restored data belongs to, if it is nobody's by now.
    private func restored(_ owner: UserOwner) -> UInt32? {
        let paths: [String]
        switch owner {
        case .project(let project):
            let path = home.data(of: project)
            paths = Directory.names(in: path).map { "\(path)/\($0)" }
        case .service(let kind): paths = [home.data(of: InstanceID(.shared, kind))]
        }
        for path in paths {
            guard let id = OwnedDirectory.owner(of: path), range.contains(id), id > range.lowerBound else { continue }
            if journal.state.users.owner(of: id) == nil { return id }
        }
        return nil
    }

    /// Whether no file of a former owner is left.
    private func isGone(_ owner: UserOwner) -> Bool {
        switch owner {
        case .project(let project):
            OwnedDirectory.owner(of: home.data(of: project)) == nil && Directory.names(in: home.trash).isEmpty
        case .service(let kind): OwnedDirectory.owner(of: home.data(of: InstanceID(.shared, kind))) == nil
        }
    }

    /// The journal knows nothing, or not all: whoever owns data keeps its id.
    private func recover(_ kinds: [Kind]) {
        let projects = Directory.names(in: home.projects).compactMap { ProjectID($0) }
        for owner in kinds.map({ UserOwner.service($0) }) + projects.map({ UserOwner.project($0) })
        where journal.state.users.ids[owner] == nil {
            if let id = restored(owner) { journal.note(.user(owner, id, isReleased: false)) }
        }
        journal.sync()
    }
}

extension Home {
    package var projects: String { data + "/projects" }
    package var trash: String { data + "/trash" }
    package func data(of project: ProjectID) -> String { "\(projects)/\(project)" }
}
