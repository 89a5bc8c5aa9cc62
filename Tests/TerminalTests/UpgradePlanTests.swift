import JSON
import Terminal
import Testing

struct UpgradePlanTests {
    private func process(_ project: String, _ kind: String, _ isOutdated: Bool, ordinal: Int = 0) -> JSONValue {
        [
            "project": .string(project), "kind": .string(kind), "ordinal": .integer(Int64(ordinal)),
            "outdated": .bool(isOutdated),
        ]
    }

    private func status(supervisor: Bool = false, warm: Int = 0, outdated: Bool) -> JSONValue {
        [
            "pid": 12, "outdated": .bool(supervisor), "warm_processes_outdated": .integer(Int64(warm)),
            "services": [
                process("@shared", "front", outdated), process("@shared", "platform", outdated),
                process("@shared", "other", false),
            ],
            "instances": [
                process("demo", "bundoc", outdated), process("demo", "bunder", false),
                process("demo", "pool", outdated, ordinal: 2),
            ],
        ]
    }

    @Test func `moves instances first, by drain and start, and the front last`() {
        let plan = UpgradePlan(status(outdated: true))
        #expect(plan.steps.map(\.name) == ["demo/bundoc", "demo/pool/2", "platform", "front"])
        #expect(plan.steps[0].orders == ["/instances/demo/bundoc/drain", "/instances/demo/bundoc/start"])
        #expect(plan.steps[3].orders == ["/services/front/restart"])
        #expect(!plan.isDone)
        #expect(plan.text.contains("demo/bundoc, demo/pool/2, platform, front."))
    }

    @Test func `is done when nothing is older, the supervisor and the warm ones included`() {
        #expect(UpgradePlan(status(outdated: false)).isDone)
        let supervisor = UpgradePlan(status(supervisor: true, outdated: false))
        #expect(!supervisor.isDone && supervisor.isSupervisorOutdated && supervisor.supervisor == 12)
        let warm = UpgradePlan(status(warm: 2, outdated: false))
        #expect(!warm.isDone && warm.text.contains("2 warm"))
    }

    @Test func `shows in the status what is older`() {
        let old = StatusTextTests.instance([("outdated", true)])
        let text = StatusTextTests.status(old, members: [("instances", [old])]).text
        #expect(text.contains("in use; older program"))
        #expect(
            text.contains("Older programs than installed run: demo/bundoc. Move them with: bunbase upgrade --rolling"))
    }
}
