import Backup
import Config
import Contracts
import Foundation
import JSON
import Launcher
import Linux
import Nouns
import Terminal

/// Makes one backup of a running cluster.
final class BackupRun {
    /// How often an instance's files are copied anew when it was not held down all the time.
    private static let attemptsMax = 5

    private let cluster: Cluster
    private let store: BackupStore
    private var manifest: Manifest

    init(_ cluster: Cluster, _ store: BackupStore, isWhole: Bool) {
        (self.cluster, self.store) = (cluster, store)
        manifest = Manifest(createdAt: Self.now.text, program: Version.text, isWhole: isWhole)
    }

    static var now: Timestamp { Timestamp(Int64(Date().timeIntervalSince1970 * 1000)) }

    /// `words`: projects; none: all. What is missing in what was made is among the outcome's failures; throws when
    /// nothing was made.
    func make(_ words: [String]) throws(Failure) -> Outcome {
        let projects =
            try words.isEmpty
            ? cluster.projects()
            : each(words) { word throws(Failure) in
                try cluster.project(word)
            }
        let instances = try instances()
        let name = BackupStore.name(Self.now)
        do {
            try FileManager.default.createDirectory(
                atPath: store.directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            guard let lock = try RunLock(at: store.lock) else {
                throw Failure(.refused, "Another backup is being made in \(store.directory).")
            }
            defer { withExtendedLifetime(lock) {} }
            let path = try store.begin(name)
            do {
                for project in projects { try take(project, instances, path) }
                try takeRegistry(path)
                try store.publish(path, as: name, manifest)
            } catch {
                try? Tree.remove(path)
                throw error
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(
                .refused, "No backup was made in \(store.directory). \(BackupFailure(error)) Nothing of it was kept.")
        }
        return Outcome(
            finishedAt: Self.now.text, directory: store.directory, name: name, projects: manifest.projects.count,
            bytes: manifest.bytes, failures: manifest.gaps)
    }

    private func each<Value>(
        _ words: [String], _ body: (String) throws(Failure) -> Value
    ) throws(Failure) -> [Value] {
        var values: [Value] = []
        for word in words { values.append(try body(word)) }
        return values
    }

    /// Paths of the instances of each project, and where their data lies in the project's directory.
    private func instances() throws(Failure) -> [String: [(path: String, folder: String)]] {
        let status = try cluster.json(try cluster.supervisor("GET", "/status"))
        var instances: [String: [(path: String, folder: String)]] = [:]
        for instance in status["instances"]?.array ?? [] {
            guard let project = instance["project"]?.string, let kind = instance["kind"]?.string else { continue }
            let ordinal = instance["ordinal"]?.int ?? 0
            instances[project, default: []].append(
                ordinal == 0 ? ("\(project)/\(kind)", kind) : ("\(project)/\(kind)/\(ordinal)", "\(kind).\(ordinal)"))
        }
        return instances
    }

    /// Copies one project; what cannot be had becomes a gap. Throws when going on makes no sense.
    private func take(
        _ project: JSONValue, _ instances: [String: [(path: String, folder: String)]], _ path: String
    ) throws {
        guard let id = project["id"]?.string.flatMap({ ProjectID($0) }), project["state"]?.string == "active" else {
            return
        }
        let source = "\(cluster.home.data)/\(Manifest.folder(of: id))"
        let folder = Manifest.folder(of: id)
        var taken: [Entry] = []
        do {
            if let entry = try Entry.directory(source, as: folder) {
                try SystemError.check("mkdir", path: folder) { mkdir("\(path)/\(folder)", 0o700) }
                taken.append(entry)
            }
            for instance in instances[id.text] ?? [] where !taken.isEmpty {
                taken += try copy(instance, from: source, to: path, folder)
            }
            try taken.seal(in: path)
            manifest.projects.append(
                Manifest.Project(id: id, slug: project["slug"]?.string ?? "", name: project["name"]?.string ?? ""))
            manifest.entries += taken
        } catch {
            try Tree.remove("\(path)/\(folder)")
            if BackupFailure(error).isDiskFull { throw error }
            let failure = error as? Failure
            // Deleted meanwhile: nothing of it is missing.
            if failure?.code == Failure.Code.notFound.rawValue { return }
            manifest.gaps.append(
                Manifest.Gap(what: id.text, reason: failure?.message ?? BackupFailure(error).description))
        }
    }

    /// Copies one instance's files while it is held down; again, when it was not held all the time.
    private func copy(
        _ instance: (path: String, folder: String), from source: String, to path: String, _ folder: String
    ) throws -> [Entry] {
        let name = "\(folder)/\(instance.folder)"
        for attempt in 1... {
            guard access("\(source)/\(instance.folder)", F_OK) == 0 else { break }
            do {
                let hold = try InstanceHold(cluster, instance.path)
                var copy = TreeCopy { try hold.goOn() }
                do {
                    try copy.copy("\(source)/\(instance.folder)", to: "\(path)/\(name)", as: name)
                } catch {
                    try? hold.release()
                    throw error
                }
                try hold.release()
                return copy.entries
            } catch let failure as Failure {
                try Tree.remove("\(path)/\(name)")
                let isGone = failure.code == Failure.Code.notFound.rawValue
                guard attempt < Self.attemptsMax, !isGone else { throw failure }
                Thread.sleep(forTimeInterval: 1)
            }
        }
        return []
    }

    private func takeRegistry(_ path: String) throws {
        do {
            let bytes = try cluster.demand(try cluster.platform("GET", "/registry")).body
            try FileBytes.write(bytes, to: "\(path)/\(Manifest.registry)", mode: 0o600)
            guard let entry = try Entry.file("\(path)/\(Manifest.registry)", as: Manifest.registry) else { return }
            var entries = [entry]
            try entries.seal(in: path)
            manifest.entries += entries
        } catch let failure as Failure {
            manifest.gaps.append(Manifest.Gap(what: "registry", reason: failure.message))
        }
    }
}
