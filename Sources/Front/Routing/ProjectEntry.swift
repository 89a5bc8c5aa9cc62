import Nouns

/// What one loop knows of a project that its key table has.
package final class ProjectEntry {
    package let id: ProjectID
    package let slug: String
    package let key: ProjectKey
    /// Shared with the other loops.
    package let gauge: ProjectGauge

    init(id: ProjectID, slug: String, key: ProjectKey, gauge: ProjectGauge) {
        (self.id, self.slug, self.key, self.gauge) = (id, slug, key, gauge)
    }
}
