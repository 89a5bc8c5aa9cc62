/// What all programs of one build are, for people and for each other.
package enum Version {
    package static let text = "0.1.0"
}
