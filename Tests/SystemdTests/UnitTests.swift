import Foundation
import Testing

extension SystemdTests {
    struct UnitTests {
        let box: Box

        init() throws { box = try Box() }

        static let folder = "/usr/lib/systemd/system"
        static let services =
            ((try? FileManager.default.contentsOfDirectory(atPath: Box.repository + "/units")) ?? [])
            .filter { $0.hasSuffix(".service") }.sorted()

        @Test func `systemd finds nothing to say about any unit`() throws {
            let (code, output) = try box.attempt(
                "systemd-analyze verify --recursive-errors=yes \(Self.folder)/bunbase*")
            #expect(code == 0)
            #expect(output == "")
        }

        @Test(arguments: services) func `a service is exposed no more than it must be`(_ name: String) throws {
            let threshold = name == "bunbase-supervisor.service" ? 45 : 20
            let (code, output) = try box.attempt(
                "systemd-analyze security --no-pager --offline=true --threshold=\(threshold) \(Self.folder)/\(name)")
            #expect(code == 0, "\(output.split(separator: "\n").last ?? "")")
        }

        // systemd sets the mode of passed sockets at each start, also for those who hold the same ones already.
        @Test(arguments: services) func `the start of a service makes no socket blocking`(_ name: String) throws {
            let unit = try String(contentsOfFile: Box.repository + "/units/\(name)", encoding: .utf8)
            #expect(unit.contains("\nType=notify\n") == unit.contains("\nNonBlocking=yes\n"))
        }

        @Test func `there are services to look at`() { #expect(Self.services.count >= 3) }
    }
}
