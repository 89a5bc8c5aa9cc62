import Contracts
import Testing

struct ProjectLimitsTests {
    @Test func `overrides stand for the limits that they name`() throws {
        let overrides = try #require(ProjectLimits.Overrides("wait=10,rate=5"))
        let limits = ProjectLimits().overridden(by: overrides)
        #expect((limits.rate, limits.wait, limits.requests) == (5, 10, ProjectLimits().requests))
        #expect(overrides.description == "rate=5,wait=10")
        #expect(ProjectLimits.Overrides("")?.isEmpty == true)
    }

    @Test func `all limits read back from their text`() {
        var limits = ProjectLimits()
        for (index, key) in ProjectLimits.Key.allCases.enumerated() { limits[key] = key.range.lowerBound + index }
        #expect(ProjectLimits().overridden(by: ProjectLimits.Overrides(limits.text)!) == limits)
    }

    @Test(arguments: [
        "rate", "rate=", "rate=x", "rate=-1", "requests=0", "speed=1", "rate=1,rate=2", "rate=1,", ",rate=1", ",",
        "rate=1 ", "wait=3600001",
    ])
    func `refuses what is no override`(text: String) { #expect(ProjectLimits.Overrides(text) == nil) }
}
