import ArgumentParser
import Backup
import Config
import Foundation
import Terminal

/// The library of the same name is used unqualified: the command is called otherwise.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Makes, checks and restores backups of the running cluster.",
        discussion: """
            Each instance is held down while its files are copied: requests wait, none fails as long as the copy takes \
            less time than they may wait. Backups lie in BUNBASE_HOME/backups unless --to says otherwise.
            """,
        subcommands: [BackupCreate.self, BackupList.self, BackupVerify.self, BackupRestore.self])

    struct Place: ParsableArguments {
        @Option(name: [.customLong("to"), .customLong("in")], help: "The directory of the backups.")
        var directory: String?

        func store(_ home: Home) -> BackupStore {
            let path = directory ?? home.directory + "/backups"
            return BackupStore(ClusterLocation.absolute(path, from: FileManager.default.currentDirectoryPath))
        }
    }
}

struct BackupList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Shows the backups that there are.")

    @OptionGroup var place: BackupCommand.Place

    func run() throws {
        let cluster = try Cluster()
        let store = place.store(cluster.home)
        if let last = Outcome(data: cluster.home.data), !last.isGood { Failure.warn(last.sentence) }
        guard !store.names.isEmpty else { return print("There is no backup in \(store.directory).") }
        var table = Table([("NAME", .left), ("PROJECTS", .right), ("SIZE", .right), ("STATE", .left)])
        for name in store.names {
            do {
                let manifest = try store.manifest(of: name)
                let state =
                    !manifest.isComplete
                    ? Table.Cell("lacks " + manifest.gaps.map(\.what).joined(separator: ", "), .red)
                    : manifest.isWhole ? Table.Cell("complete", .green) : Table.Cell("some projects", .grey)
                table.add([
                    Table.Cell(name), Table.Cell("\(manifest.projects.count)"), Table.Cell(Human.bytes(manifest.bytes)),
                    state,
                ])
            } catch {
                table.add([Table.Cell(name), "-", "-", Table.Cell("damaged", .red)])
            }
        }
        print(table.text(.ofOutput()), terminator: "")
    }
}

struct BackupVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Reads a backup wholly and compares it with what was written.",
        discussion: "Without a name: the newest.")

    @Argument(help: "The backup's name.")
    var name: String?

    @OptionGroup var place: BackupCommand.Place

    func run() throws {
        let store = place.store(try Cluster().home)
        guard let name = name ?? store.names.last else {
            throw Failure(.notFound, "There is no backup in \(store.directory).")
        }
        let faults = store.faults(of: name)
        guard faults.isEmpty else {
            throw Failure(.refused, "The backup \(name) is damaged:\n  " + faults.joined(separator: "\n  "))
        }
        let manifest = try store.read(name)
        print("The backup \(name) is as it was written: \(Human.bytes(manifest.bytes)).")
        for gap in manifest.gaps { Failure.warn("It lacks \(gap.what): \(gap.reason)") }
    }
}

extension BackupStore {
    func read(_ name: String) throws(Failure) -> Manifest {
        do throws(BackupFailure) { return try manifest(of: name) } catch {
            throw Failure(names.contains(name) ? .refused : .notFound, error.description)
        }
    }
}

extension Outcome {
    /// For people, when it did not go well.
    var sentence: String {
        let reasons = failures.prefix(3).map { "\($0.what): \($0.reason)" }.joined(separator: " ")
        let more = failures.count > 3 ? " And \(failures.count - 3) more." : ""
        return name == nil
            ? "The last backup failed at \(finishedAt). \(reasons)\(more)"
            : "The last backup, at \(finishedAt), is not complete. \(reasons)\(more)"
    }
}
