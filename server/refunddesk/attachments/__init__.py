"""Files that customers send: what they are by their content, and where they are kept."""
