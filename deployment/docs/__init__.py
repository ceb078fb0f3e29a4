"""The docs as a site: what mkdocs (mkdocs.yml) is told that does not stand in docs/."""
