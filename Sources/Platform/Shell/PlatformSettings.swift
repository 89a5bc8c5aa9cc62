import Linux
import Nouns
import Service

/// What the platform is told, with its limits.
package struct PlatformSettings: Hashable, Sendable {
    /// Projects that may exist, those being deleted included; 409 beyond. Setting `projects_max`.
    package var projectsMax = 10_000
    /// How long a creation waits for the supervisor before it answers 503.
    package var supervisorWait = Duration.seconds(5)
    /// How long an answer waits for the fronts to have seen a change of keys.
    package var frontsWait = Duration.seconds(2)
    /// How long a deletion waits for its end before it answers 503 and goes on by itself.
    package var deletionWait = Duration.seconds(60)

    package init() {}

    /// From an assignment's settings; those of others are ignored.
    package init(_ settings: [String: String]) throws(StartFailure) {
        guard let text = settings["projects_max"] else { return }
        guard let number = Int(text), (1...100_000).contains(number) else {
            throw StartFailure("the setting projects_max is not a number from 1 to 100000")
        }
        projectsMax = number
    }
}

/// Where the platform keeps things.
package struct PlatformPaths: Hashable, Sendable {
    /// The registry and the key table.
    package var data: String
    /// One directory for each project, made by the supervisor.
    package var projects: String
    /// On the same file system as `projects`.
    package var trash: String
    /// The supervisor's control socket; nil when there is no supervisor to tell.
    package var control: String?

    package init(data: String, projects: String, trash: String, control: String?) {
        (self.data, self.projects, self.trash, self.control) = (data, projects, trash, control)
    }

    /// `projects` and `trash` lie beside the platform's own directory.
    package init(data: String, control: String?) {
        let parent = data.lastIndex(of: "/").map { String(data[..<$0]) } ?? "."
        self.init(data: data, projects: parent + "/projects", trash: parent + "/trash", control: control)
    }
}
