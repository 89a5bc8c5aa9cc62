import ArgumentParser
import Backup
import Config
import Contracts
import Launcher
import Nouns
import Terminal

struct BackupRestore: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Puts projects' data, or the whole cluster's, back as a backup has it.",
        discussion: """
            With projects: the cluster runs, and each project's data is replaced while its instances are stopped for a \
            moment. The project must still be registered; its key stays the one that it has now.
            Without: the cluster is down, and all its projects with their keys become those of the backup.
            What was there before is set aside, and the command says where.
            """)

    @Argument(help: "The backup's name.")
    var name: String

    @Argument(help: "Projects, by id or name.")
    var projects: [String] = []

    @OptionGroup var place: BackupCommand.Place

    func run() throws {
        let cluster = try Cluster()
        let store = place.store(cluster.home)
        let manifest = try store.read(name)
        let isRunning = RunLock.isHeld(at: cluster.home.run.lock)
        guard !projects.isEmpty else {
            guard !isRunning else {
                throw Failure(
                    .refused, "The cluster runs. Name the projects to restore, or take it down to restore all of it.")
            }
            let aside = try ClusterRestore(cluster, store, name, manifest).run()
            print("The cluster in \(cluster.home.directory) is as it was at \(manifest.createdAt); start it now.")
            return tell(aside)
        }
        guard isRunning else {
            throw Failure(
                .unreachable,
                "The cluster does not run. Start it to restore single projects, or name none to restore all.")
        }
        let restore = ProjectRestore(cluster, store, name, manifest)
        for project in try projects.map({ try restore.find($0) }) {
            let aside = try restore.run(project)
            print("Project \(project.name) (\(project.id)) is as it was at \(manifest.createdAt).")
            tell(aside)
        }
    }

    private func tell(_ aside: String?) {
        if let aside { print("What was there before lies in \(aside); remove it when it is not needed any more.") }
    }
}
