/// A Redis client's connection through the front.
package final class Redis {
    package let connection: BlockingConnection

    /// Connects and authenticates.
    package init(_ cluster: TrialCluster, _ project: TrialCluster.Project, patience: Duration = .seconds(20)) throws {
        connection = try BlockingConnection(.port(cluster.respPort), patience: patience)
        let reply = try command("AUTH", project.slug, project.key)
        guard reply == "+OK" else { throw TrialCluster.Failure("AUTH: \(reply ?? "nothing")") }
    }

    /// One command and its reply: a bulk string as its text, everything else as the line that it is, nil for null.
    package func command(_ words: String...) throws -> String? {
        var text = "*\(words.count)\r\n"
        for word in words { text += "$\(word.utf8.count)\r\n\(word)\r\n" }
        try connection.send(text)
        let line = try connection.readLine()
        guard line.hasPrefix("$"), let count = Int(line.dropFirst()) else { return line }
        guard count >= 0 else { return nil }
        return String(decoding: try connection.read(count: count + 2).dropLast(2), as: UTF8.self)
    }
}
