// The room SyntheticCorpora.
