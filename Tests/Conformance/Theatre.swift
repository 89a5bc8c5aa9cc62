import Contracts
import Foundation
import Glibc
import Linux
import Nouns
import Synchronization
import Trial

/// A front of each setting, with a crew on a thread of its own: rules are checked in it one after the other.
package final class Theatre {
    private struct House {
        let front: FrontProcess
        let directory: String
        let stage: FrontStage
    }

    private let programs: String
    private var houses: [Rule.Setting: House] = [:]
    private let projects: [KeyEntry]
    /// Of instances that listen on one.
    private let ports = Ports()

    private final class Ports: Sendable { let numbers = Mutex<[ProjectID: UInt16]>([:]) }

    package init(programs: String = TrialCluster.programsBesideMe) {
        self.programs = programs
        signal(SIGPIPE, SIG_IGN)
        // One for each rule, and the two that every scene has.
        projects = FrontCrew.projects(Rule.all.count + 2, named: "rule")
    }

    deinit { for setting in Rule.Setting.allCases { close(setting) } }

    private func close(_ setting: Rule.Setting) {
        guard let house = houses.removeValue(forKey: setting) else { return }
        house.front.kill()
        house.stage.end()
        try? FileManager.default.removeItem(atPath: house.directory)
    }

    /// Checks one rule; throws what is broken.
    package func check(_ rule: Rule) throws {
        guard let index = Rule.all.firstIndex(where: { $0.name == rule.name }) else { return }
        let house = try house(rule.setting)
        let project = projects[index].project
        let instance = try SceneInstance(at: rule.isOnPort ? nil : Self.path(project, house.directory))
        ports.numbers.withLock { $0[project] = instance.port }
        try rule.check(
            Scene(
                front: house.front, instance: instance, project: projects[index],
                token: Self.token(project), refused: projects[projects.count - 1],
                unanswered: projects[projects.count - 2]))
        if rule.setting == .own { return close(.own) }
        guard house.front.exit == nil else {
            throw Rule.Broken(
                "the front ended: \((try? String(contentsOfFile: house.directory + "/output", encoding: .utf8)) ?? "")")
        }
    }

    private func house(_ setting: Rule.Setting) throws -> House {
        if let house = houses[setting] { return house }
        var template = Array("/tmp/bunbase-rules-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError("mkdtemp") }
        let directory = String(cString: made)
        let stage = try FrontStage(plan(setting, directory), in: directory)
        let house = House(front: try FrontProcess(programs, in: directory), directory: directory, stage: stage)
        houses[setting] = house
        guard stage.awaitFront() else { throw Rule.Broken("the front did not come up") }
        return house
    }

    private func plan(_ setting: Rule.Setting, _ directory: String) -> FrontCrew.Plan {
        let isTight = setting == .tight
        let (refused, unanswered) = (projects[projects.count - 1].project, projects[projects.count - 2].project)
        let numbers = Dictionary(uniqueKeysWithValues: projects.enumerated().map { ($1.project, UInt64($0) + 1) })
        let route = Route(
            prefix: "/v1/test/", kind: .bundoc, rewrite: "/inner/{project}/", bodyMax: isTight ? 1_000 : 1 << 20,
            timeout: isTight ? Scene.tightRest : .seconds(10))
        var sockets = route
        (sockets.prefix, sockets.upgrades) = ("/v1/socket/", true)
        var plan = FrontCrew.Plan(routes: [route, sockets], projects: projects) { [ports] instance in
            let port = ports.numbers.withLock { $0[instance.project] }
            switch instance.project {
            case refused:
                return .refuse(
                    Fault(
                        503, "instance.quarantined", "It crashed too often.", party: .instance,
                        retryAfter: .seconds(41)))
            case unanswered: return .silence
            case let project:
                return .grant(
                    Endpoint(
                        instance: instance, generation: Generation(numbers[project] ?? 0), port: port ?? 1,
                        unix: port == nil ? Self.path(project, directory) : nil, handOff: nil,
                        token: Self.token(project)))
            }
        }
        if isTight { Scene.tight(&plan.limits) }
        return plan
    }

    private static func path(_ project: ProjectID, _ directory: String) -> String { "\(directory)/\(project).sock" }

    private static func token(_ project: ProjectID) -> Token {
        Token(random: (UInt64(truncatingIfNeeded: project.text.utf8.reduce(5) { $0 &* 31 &+ Int($1) }), 7))
    }
}

/// A crew on a thread of its own.
private final class FrontStage: Sendable {
    private let isOver = Mutex(false)
    private let synced = DispatchSemaphore(value: 0)
    private let listening = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(_ plan: FrontCrew.Plan, in directory: String) throws {
        let failed = Failed()
        Thread.detachNewThread { [self] in
            do {
                let loop = try EventLoop()
                let crew = try FrontCrew(plan, in: directory, on: loop)
                listening.signal()
                var hasSaid = false
                while !isOver.withLock({ $0 }) {
                    try loop.turn(wait: .milliseconds(100))
                    if !hasSaid, crew.synced > 0 {
                        hasSaid = true
                        synced.signal()
                    }
                }
            } catch {
                failed.error.withLock { $0 = error }
                listening.signal()
            }
            ended.signal()
        }
        listening.wait()
        if let error = failed.error.withLock({ $0 }) { throw error }
    }

    private final class Failed: Sendable { let error = Mutex<(any Error)?>(nil) }

    /// Returns when the front has its keys; false when it takes too long.
    func awaitFront() -> Bool { synced.wait(timeout: .now() + 20) == .success }

    func end() {
        isOver.withLock { $0 = true }
        ended.wait()
    }
}
