/// What is wrong with a cluster file and the environment's overrides: everything that was found, in the file's order.
package struct ConfigError: Error, Hashable, Sendable, CustomStringConvertible {
    package struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// Where the value came from.
        package enum Place: Hashable, Sendable {
            /// Lines and columns count from 1.
            case file(String, line: Int, column: Int)
            /// A variable of the environment.
            case environment(String)
        }

        package let place: Place
        /// The path of the key: `kinds.bundoc.restart.factor`, `routes[1].prefix`. Empty for the whole file.
        package let key: String
        /// What stands there.
        package let found: String
        /// What may stand there.
        package let allowed: String

        package init(_ place: Place, key: String, found: String, allowed: String) {
            (self.place, self.key, self.found, self.allowed) = (place, key, found, allowed)
        }

        /// `cluster/local.yaml:12:9: ports: found "9000-"; allowed: …`.
        package var description: String {
            let subject = key.isEmpty ? "" : "\(key): "
            return switch place {
            case .file(let path, let line, let column):
                "\(path):\(line):\(column): \(subject)found \(found); allowed: \(allowed)"
            case .environment(let name): "\(name): found \(found); allowed: \(allowed)"
            }
        }
    }

    package let problems: [Problem]

    package init(_ problems: [Problem]) { self.problems = problems }

    /// One line for each problem.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
