import Backup
import Config
import Foundation
import JSON
import Linux
import Nouns
import Terminal

/// Puts one project's data back while the cluster runs.
struct ProjectRestore {
    private let cluster: Cluster
    private let store: BackupStore
    private let name: String
    private let manifest: Manifest

    init(_ cluster: Cluster, _ store: BackupStore, _ name: String, _ manifest: Manifest) {
        (self.cluster, self.store, self.name, self.manifest) = (cluster, store, name, manifest)
    }

    /// A project of the backup that is still registered.
    func find(_ word: String) throws(Failure) -> Manifest.Project {
        var found = manifest.projects.filter { $0.id.text == word || $0.slug == word }
        if found.isEmpty { found = manifest.projects.filter { $0.name == word } }
        guard let project = found.first else {
            throw Failure(.notFound, "The backup \(name) has no project \(word).")
        }
        guard found.count == 1 else {
            let ids = found.map(\.id.text).joined(separator: ", ")
            throw Failure(.refused, "Several projects of the backup are called \(word): \(ids). Use an id.")
        }
        do throws(Failure) { _ = try cluster.project(project.id.text) } catch {
            guard error.code == Failure.Code.notFound.rawValue else { throw error }
            throw Failure(
                .notFound,
                "Project \(word) (\(project.id)) was deleted. Only the whole cluster's restore brings it back: "
                    + "bunbase down, then bunbase backup restore \(name)")
        }
        return project
    }

    /// Everything is copied and checked beside what is there, then changes place with it in one step. Gives where the
    /// old data lies.
    func run(_ project: Manifest.Project) throws(Failure) -> String? {
        let folder = Manifest.folder(of: project.id)
        let live = "\(cluster.home.data)/\(folder)"
        let moment = BackupStore.name(BackupRun.now)
        let aside = "\(cluster.home.data)/replaced/\(project.id).\(moment)"
        do {
            let entries = manifest.entries(of: project.id)
            try FileManager.default.createDirectory(
                atPath: cluster.home.data + "/replaced", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            do {
                try entries.place(from: store.path(name), folder, at: aside)
                if entries.isEmpty { try SystemError.check("mkdir", path: aside) { mkdir(aside, 0o711) } }
            } catch {
                try? Tree.remove(aside)
                throw error
            }
            let stopped = try stop(project.id)
            let hadData = access(live, F_OK) == 0
            try exchange(live, aside, hadData)
            do throws(Failure) {
                try start(stopped)
            } catch {
                return try goBack(project, stopped, live, aside, hadData, because: error)
            }
            return hadData ? aside : nil
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(
                .refused,
                "Project \(project.name) (\(project.id)) was not restored and is as it was. \(BackupFailure(error))")
        }
    }

    /// The restored data cannot be opened: the old comes back.
    private func goBack(
        _ project: Manifest.Project, _ stopped: [String], _ live: String, _ aside: String, _ hadData: Bool,
        because failure: Failure
    ) throws -> String? {
        _ = try stop(project.id)
        if hadData { try exchange(live, aside, true) } else { try rename(live, to: aside) }
        try? start(stopped)
        throw Failure(
            .refused,
            "Project \(project.name) (\(project.id)) has its data of before again: with that of the backup it does not "
                + "start. \(failure.message) The restored data lies in \(aside).")
    }

    /// Stops its instances for good, over crashes of the supervisor too. Gives those that were not stopped before.
    private func stop(_ project: ProjectID) throws(Failure) -> [String] {
        let status = try cluster.json(try cluster.supervisor("GET", "/status"))
        var stopped: [String] = []
        for instance in status["instances"]?.array ?? [] where instance["project"]?.string == project.text {
            guard let kind = instance["kind"]?.string else { continue }
            let ordinal = instance["ordinal"]?.int ?? 0
            let path = "/instances/\(project)/\(kind)" + (ordinal == 0 ? "" : "/\(ordinal)")
            if instance["desired"]?.string != "disabled" { stopped.append(path) }
            _ = try cluster.demand(try cluster.supervisor("POST", path + "/stop"))
        }
        return stopped
    }

    private func start(_ instances: [String]) throws(Failure) {
        for path in instances { _ = try cluster.demand(try cluster.supervisor("POST", path + "/start")) }
    }

    private func exchange(_ live: String, _ aside: String, _ hadData: Bool) throws {
        if !hadData {
            try rename(aside, to: live)
        } else if try !Tree.exchange(live, aside) {
            try rename(live, to: aside + ".old")
            try rename(aside, to: live)
            try rename(aside + ".old", to: aside)
        }
        try FileBytes.syncDirectory(cluster.home.data + "/projects")
        try FileBytes.syncDirectory(cluster.home.data + "/replaced")
    }

    private func rename(_ from: String, to: String) throws(SystemError) {
        try SystemError.check("rename", path: from) { Foundation.rename(from, to) }
    }
}
