import ChaosPlan
import ChaosRig
import Config
import Foundation
import Testing

/// The scenarios that come with the tree.
struct ScenarioFileTests {
    private static let directory = URL(filePath: #filePath).appending(path: "../../../cluster/chaos").standardized.path

    private static var names: [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.sorted()
    }

    private func read(_ text: String) throws -> Scenario {
        let file = try ScenarioFile.parse(
            text, path: "test.yaml", stores: Store.allCases.map(\.rawValue),
            disturbances: Disturbance.Form.allCases.map(\.rawValue))
        return Scenario(file, name: "test")
    }

    @Test func `the standard scenario names every key and is what comes without one`() throws {
        let path = Self.directory + "/standard.yaml"
        var scenario = try Scenario(path: path, name: "standard")
        #expect(!scenario.about.isEmpty)
        scenario.about = ""
        #expect(scenario == Scenario())
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for key in ScenarioFile.documentedKeys {
            #expect(text.contains("\(key.split(separator: ".").last!):"), "\(key)")
        }
        for form in Disturbance.Form.allCases { #expect(text.contains("  \(form.rawValue): "), "\(form)") }
    }

    @Test(arguments: names)
    func `each that ships can be run`(name: String) throws {
        let scenario = try Scenario(path: Self.directory + "/" + name, name: name)
        #expect(!scenario.about.isEmpty)
        #expect(!Schedule(scenario, seed: 1).disturbances.isEmpty)
    }

    @Test func `the check does everything at least once, with any seed`() throws {
        let scenario = try Scenario(path: Self.directory + "/check.yaml", name: "check")
        for seed in 1...50 as ClosedRange<UInt64> {
            let forms = Set(Schedule(scenario, seed: seed).disturbances.map(\.form))
            #expect(forms == Set(Disturbance.Form.allCases), "seed \(seed)")
        }
    }

    @Test func `numbers have two digits behind the point at most`() throws {
        #expect(try read("rate: 1.5").rate == 1.5)
        #expect(try read("rate: 0.25").rate == 0.25)
        for text in ["1.234", ".5", "1.", "-1", "1e3", "one", "0"] {
            #expect(throws: ConfigError.self) { try read("rate: \(text)") }
        }
    }

    @Test(arguments: ["spead: 3", "disturbances: {kil: 1}", "stores: [documents, rows]", "pause: {least: 1s}"])
    func `what is not known is refused`(text: String) {
        #expect(throws: ConfigError.self) { try read(text) }
    }

    @Test func `only what is named happens where the file says so`() throws {
        #expect(try read("{only_named: true, disturbances: {kill: 2}}").weights == [.kill: 2])
        #expect(try read("{disturbances: {kill: 2}}").weights[.stop] == Scenario().weights[.stop])
    }
}
