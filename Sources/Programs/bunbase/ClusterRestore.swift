import Backup
import Config
import Foundation
import Linux
import Nouns
import Terminal

/// Puts a whole cluster's data back while it is down.
///
/// The supervisor's journal is not among it: it begins anew, as after its loss, and user ids are those that own the
/// data. A project that was deleted since the backup may so be known again.
struct ClusterRestore {
    private let cluster: Cluster
    private let store: BackupStore
    private let name: String
    private let manifest: Manifest

    init(_ cluster: Cluster, _ store: BackupStore, _ name: String, _ manifest: Manifest) {
        (self.cluster, self.store, self.name, self.manifest) = (cluster, store, name, manifest)
    }

    /// Gives where the data of before lies; nil when there was none, as on a new machine.
    func run() throws(Failure) -> String? {
        let registry = manifest.entries.filter { $0.path == Manifest.registry }
        guard manifest.isWhole, !registry.isEmpty else {
            throw Failure(
                .refused, "The backup \(name) has only some projects or no registry: a cluster cannot be made of it.")
        }
        let data = cluster.home.data
        let aside = "\(data).\(BackupStore.name(BackupRun.now))"
        let hadData = access(data, F_OK) == 0
        do {
            try FileManager.default.createDirectory(
                atPath: cluster.home.directory, withIntermediateDirectories: true)
            do {
                try lay(out: aside, registry)
            } catch {
                try? Tree.remove(aside)
                throw error
            }
            if let last = Outcome(data: data) { try last.write(data: aside) }
            if !hadData {
                try SystemError.check("rename", path: aside) { rename(aside, data) }
            } else if try !Tree.exchange(data, aside) {
                try SystemError.check("rename", path: data) { rename(data, aside + ".old") }
                try SystemError.check("rename", path: aside) { rename(aside, data) }
                try SystemError.check("rename", path: aside) { rename(aside + ".old", aside) }
            }
            try FileBytes.syncDirectory(cluster.home.directory)
            return hadData ? aside : nil
        } catch {
            throw Failure(.refused, "The cluster was not restored and is as it was. \(BackupFailure(error))")
        }
    }

    private func lay(out path: String, _ registry: [Entry]) throws {
        for folder in [path, path + "/projects", path + "/platform"] {
            try SystemError.check("mkdir", path: folder) { mkdir(folder, 0o711) }
        }
        for folder in ["", "/projects", "/platform"] { try dress(path + folder, like: cluster.home.data + folder) }
        for project in manifest.projects {
            let folder = Manifest.folder(of: project.id)
            try manifest.entries(of: project.id).place(from: store.path(name), folder, at: "\(path)/\(folder)")
        }
        try registry.place(from: store.path(name), Manifest.registry, at: path + "/platform/" + Manifest.registry)
        // A directory that is already its service's is not given to it again, with what is in it.
        try dress("\(path)/platform/\(Manifest.registry)", like: "\(cluster.home.data)/platform/\(Manifest.registry)")
        for folder in ["/projects", "/platform", ""] { try FileBytes.syncDirectory(path + folder) }
    }

    /// Owner and permissions of the directory in whose place another comes.
    private func dress(_ path: String, like other: String) throws(SystemError) {
        var status = stat()
        guard stat(other, &status) == 0 else { return }
        if geteuid() == 0 { try SystemError.check("chown", path: path) { chown(path, status.st_uid, status.st_gid) } }
        try SystemError.check("chmod", path: path) { chmod(path, status.st_mode & 0o7777) }
    }
}
