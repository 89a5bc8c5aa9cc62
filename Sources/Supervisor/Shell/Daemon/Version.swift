/// What this program is, for people and for other programs of the cluster.
package enum Version {
    package static let text = "0.1.0"
}
