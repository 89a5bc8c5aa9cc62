import Foundation
import Testing
import Trial

/// The commands of `docs/start.md`, as they stand there.
@Suite(.serialized)
struct StartPageTests {
    private static let page = URL(filePath: #filePath).appending(path: "../../../docs/start.md").standardized

    /// The commands of the section that begins so.
    private static func commands(_ heading: String) throws -> String {
        let text = try String(contentsOf: page, encoding: .utf8)
        let sections = text.components(separatedBy: "\n## ").filter { $0.hasPrefix(heading) }
        let section = try #require(sections.first, "no section \(heading)")
        return section.components(separatedBy: "```sh\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }.joined()
    }

    @Test func `what the page says to type works`() throws {
        let cluster = try TrialCluster(clusterFile: "node: start\n")
        defer { cluster.stop() }
        let text = try ["2. ", "3. ", "4. "].map(Self.commands).joined()
        #expect(text.contains("alias bunbase=") && text.contains(":8090") && text.contains("redis-cli "))
        var lines = text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("alias ") }
        lines.insert(#"bunbase() { "$BUNBASE_PROGRAM" "$@"; }"#, at: 0)
        let script = lines.joined(separator: "\n").replacing(":8090", with: ":\(cluster.httpPort)")
            .replacing("redis-cli ", with: "redis-cli -p \(cluster.respPort) ")

        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-euo", "pipefail", "-c", script]
        process.environment = cluster.environment.merging(["BUNBASE_PROGRAM": cluster.programs + "/bunbase"]) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(output)")
        for answer in [
            "Project demo", #"{"_id":"first","text":"hello"}"#, #"{"_id":"first","text":"hello again"}"#,
            #"{"documents":[{"_id":"first","text":"hello again"}]}"#, "\nhello\n", #"["greeting"]"#, "\nOK\n",
        ] { #expect(output.contains(answer), "\(answer) is missing in \(output)") }
    }
}
