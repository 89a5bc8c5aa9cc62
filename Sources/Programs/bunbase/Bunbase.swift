import ArgumentParser
import Contracts
import Glibc

/// The command line of a cluster.
@main
struct Bunbase: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bunbase",
        abstract: "Runs projects' databases and key-value stores as processes of their own, and looks after them.",
        discussion: """
            The cluster is found by BUNBASE_HOME, else by the directory this program lies in, else ~/.bunbase, else \
            /var/lib/bunbase.

            Exit codes: 0 done; 1 refused or failed; 3 not found; 4 the cluster cannot be reached; 64 wrong usage.
            """,
        version: Version.text,
        subcommands: [
            Up.self, Down.self, Status.self, ProjectsCommand.self, TokensCommand.self, LimitsCommand.self,
            Instances.self, Services.self, Logs.self,
            Events.self,
            Reload.self, Upgrade.self, BackupCommand.self, ConfigCommand.self, Chaos.self,
            Completion.self, VersionCommand.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            failure.report()
            Glibc.exit(failure.code)
        } catch {
            exit(withError: error)
        }
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Says which version this is.")

    func run() { print(Version.text) }
}

/// Script for a shell that completes this program's words.
struct Completion: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a script that completes commands in a shell.",
        discussion: """
            bash: bunbase completion bash > ~/.local/share/bash-completion/completions/bunbase
            zsh:  bunbase completion zsh > a directory of $fpath, as _bunbase
            fish: bunbase completion fish > ~/.config/fish/completions/bunbase.fish
            """)

    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        let known: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        print(Bunbase.completionScript(for: known))
    }
}
