import Foundation
import Glibc
import Linux
import Testing

/// Runs programs to their end and gives what they wrote.
struct Shell {
    let loop: EventLoop
    let scratch = Scratch()

    init() throws {
        loop = try EventLoop()
        // Programs that run as another user write here too.
        chmod(scratch.path, 0o777)
    }

    /// `plan` with its output in a file, which is returned when it has exited.
    func output(of plan: SpawnPlan, exit: ProcessExit.Cause = .code(0)) throws -> String {
        var plan = plan
        let file = scratch["output"]
        plan.descriptors[1] = Descriptor(open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o666))
        let child = try ChildProcess.spawn(plan)
        #expect(try end(of: child).cause == exit)
        return try String(contentsOfFile: file, encoding: .utf8)
    }

    func end(of child: ChildProcess) throws -> ProcessExit {
        var seen: ProcessExit?
        try child.watch(on: loop) { seen = $0 }
        try loop.turn { seen != nil }
        return try #require(seen)
    }

    static func script(_ text: String, environment: [String: String] = [:]) -> SpawnPlan {
        SpawnPlan("/bin/sh", ["-c", text], environment: ["PATH": "/usr/bin:/bin"].merging(environment) { $1 })
    }

    /// Waits until the script in the child has written a line into the file.
    func line(of file: String) throws -> String {
        var text = ""
        try loop.turn {
            text = SmallFile.text(scratch[file]) ?? ""
            return text.hasSuffix("\n")
        }
        return String(text.dropLast())
    }
}
