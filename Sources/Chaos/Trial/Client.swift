/// A client of one project: each request on a connection of its own.
package struct Client: Sendable {
    package let front: BlockingConnection.Address
    package let key: String

    package init(_ cluster: TrialCluster, _ project: TrialCluster.Project) {
        (front, key) = (cluster.front, project.key)
    }

    package init(front: BlockingConnection.Address, key: String) { (self.front, self.key) = (front, key) }

    package func send(_ method: String, _ path: String, _ body: String? = nil) throws -> HTTPAnswer {
        try exchange(
            front, method, path, fields: ["X-Bunbase-Client-Key": key], body: body.map { Array($0.utf8) },
            patience: .seconds(40))
    }

    package func get(_ path: String) throws -> HTTPAnswer { try send("GET", path) }
    package func put(_ path: String, _ body: String) throws -> HTTPAnswer { try send("PUT", path, body) }
    package func post(_ path: String, _ body: String) throws -> HTTPAnswer { try send("POST", path, body) }
}
