import ArgumentParser
import Backup
import Config
import Foundation
import JSON
import Linux
import Nouns
import Terminal

struct BackupCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Backs up the running cluster.",
        discussion: """
            What of a project cannot be copied does not keep the others from it: the backup then says what it lacks, \
            this command ends with 1, and no older backup is removed.
            """)

    @Argument(help: "Projects, by id or name; all unless some are named.")
    var projects: [String] = []

    @OptionGroup var place: BackupCommand.Place

    @Option(help: "Remove what is older than so many complete backups, once this one is complete.")
    var keep: Int?

    func validate() throws {
        guard keep.map({ (1...10_000).contains($0) }) ?? true else {
            throw ValidationError("--keep is a number from 1 to 10000.")
        }
    }

    func run() throws {
        let cluster = try Cluster()
        let store = place.store(cluster.home)
        let start = Date()
        let outcome: Outcome
        do throws(Failure) {
            outcome = try BackupRun(cluster, store, isWhole: projects.isEmpty).make(projects)
        } catch {
            let gap = Manifest.Gap(what: "backup", reason: error.message)
            tell(
                cluster,
                Outcome(
                    finishedAt: BackupRun.now.text, directory: store.directory, name: nil, projects: 0, bytes: 0,
                    failures: [gap]))
            throw error
        }
        tell(cluster, outcome)
        let seconds = String(format: "%.1f", Date().timeIntervalSince(start))
        print(
            "The backup \(outcome.name ?? "?") in \(store.directory): \(outcome.projects) projects, "
                + "\(Human.bytes(outcome.bytes)), in \(seconds) s.")
        guard outcome.isGood else {
            throw Failure(
                .refused,
                "It is not complete.\n  "
                    + outcome.failures.map { "\($0.what): \($0.reason)" }.joined(separator: "\n  "))
        }
        if projects.isEmpty, let keep { try prune(store, keep) }
    }

    private func prune(_ store: BackupStore, _ keep: Int) throws(Failure) {
        do throws(SystemError) {
            for name in try store.prune(keep: keep) { print("Removed \(name).") }
        } catch {
            throw Failure(.refused, "The backup was made, but older ones could not be removed: \(error).")
        }
    }

    /// Leaves word of it for those who look later, and for alerts.
    private func tell(_ cluster: Cluster, _ outcome: Outcome) {
        do throws(SystemError) { try outcome.write(data: cluster.home.data) } catch {
            Failure.warn("How the backup went could not be written down: \(error).")
        }
        var alert = JSONObject([("alert", "backup.failed"), ("subject", "backup")])
        if !outcome.isGood {
            let line = outcome.sentence.split(whereSeparator: \.isNewline).joined(separator: " ")
            alert["text"] = .string(String(line.prefix(250)))
        }
        // Whom the supervisor cannot tell finds the word that was left.
        _ = try? cluster.supervisor("POST", "/alerts", body: .object(alert), patience: .seconds(5))
    }
}
