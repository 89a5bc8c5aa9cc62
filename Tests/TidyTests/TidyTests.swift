import Foundation
import Testing

/// What the compiler and the formatter do not check about the source itself.
struct TidyTests {
    struct File: CustomTestStringConvertible {
        var path: String
        var lines: [Substring]
        var testDescription: String { path }

        /// Lines that are code: comments are not looked at.
        var code: [Substring] { lines.filter { !$0.drop(while: \.isWhitespace).hasPrefix("//") } }

        var imports: [Substring] {
            code.compactMap { line in
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index <= 1, index + 1 < words.count else {
                    return nil
                }
                return words[index + 1]
            }
        }
    }

    static let root = URL(filePath: #filePath).appending(path: "../../..").standardized

    static let files: [File] = ["Sources", "Tests"].flatMap { top in
        let paths = FileManager.default.enumerator(atPath: root.appending(path: top).path)!.compactMap {
            $0 as? String
        }
        return paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            let text = try! String(contentsOf: root.appending(path: "\(top)/\(path)"), encoding: .utf8)
            return File(
                path: "\(top)/\(path)", lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    static let pureFolders = [
        "Sources/Base/", "Sources/HTTP/", "Sources/Supervisor/Supervision/", "Sources/Front/Routing/",
        "Sources/Bundoc/Documents/", "Sources/Bunder/KeyValues/", "Sources/Platform/Projects/", "Sources/Chaos/Plan/",
        "Sources/Alerts/Alerting/",
    ]
    static let comfortableFolders = [
        "Sources/Config/", "Sources/Supervisor/Shell/", "Sources/Programs/bunbase/",
        "Sources/Programs/bunbase-bench/",
        "Sources/Programs/bunbase-supervisor/", "Sources/Chaos/", "Tests/",
    ]

    @Test(arguments: files.filter { file in pureFolders.contains { file.path.hasPrefix($0) } })
    func `what decides touches nothing`(file: File) {
        let forbidden: Set<Substring> = [
            "Foundation", "FoundationEssentials", "Glibc", "CLinux", "Linux", "Dispatch",
        ]
        #expect(file.imports.allSatisfy { !forbidden.contains($0) }, "\(file.imports)")
        for word in [
            "Task {", " async ", "await ", "Mutex", "Clock.", "Date(", "SystemRandom", ".random(in: 0...1)",
            "print(",
        ] {
            #expect(!file.code.contains { $0.contains(word) }, "\(word)")
        }
    }

    @Test(arguments: files.filter { file in !comfortableFolders.contains { file.path.hasPrefix($0) } })
    func `what runs many times stays without Foundation`(file: File) {
        #expect(file.imports.allSatisfy { !$0.hasPrefix("Foundation") })
    }

    @Test(arguments: files)
    func `a file fits in the head`(file: File) {
        #expect(file.lines.count <= 501)
        #expect(file.lines.allSatisfy { $0.count <= 120 })
    }

    @Test(arguments: files)
    func `no unchecked sharing without a reason`(file: File) {
        for (index, line) in file.lines.enumerated()
        where line.contains("@unchecked Sendable") && !line.contains("\"") {
            #expect(index > 0 && file.lines[index - 1].contains("// SAFETY:"), "\(file.path):\(index + 1)")
        }
    }

    /// The suites; programs that measure or make trouble beside them may let time pass.
    static let suites = files.filter {
        $0.path.hasPrefix("Tests/") && $0.path.split(separator: "/")[1].hasSuffix("Tests")
    }

    @Test(arguments: suites)
    func `tests wait for events, not for time to pass`(file: File) {
        for word in ["Task.sl" + "eep", "Thread.sl" + "eep", "usl" + "eep(", "nanosl" + "eep("] {
            #expect(!file.code.contains { $0.contains(word) }, "\(word)")
        }
    }

    @Test func `no type is named like its module`() throws {
        let manifest = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        let modules = Set(manifest.matches(of: /Part\("(\w+)"/).map { $0.output.1 })
        for file in Self.files {
            for line in file.code {
                guard let match = line.firstMatch(of: /(?:struct|class|enum|protocol|actor) (\w+)/) else {
                    continue
                }
                #expect(
                    !modules.contains(match.output.1) || file.path.hasPrefix("Tests/"),
                    "\(file.path): \(match.output.1)")
            }
        }
    }
}
