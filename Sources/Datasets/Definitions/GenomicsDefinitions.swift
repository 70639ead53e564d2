/// ClinVar 1.0; every row is a patient.
let clinVarDefinition = """
    name: clinvar
    version: "1.0"
    default_tables: [variants]
    tables:
      variants:
        file_path: clinvar-pyhealth.csv
        attributes: [gene_symbol, clinical_significance, review_status, chromosome, position,
          reference_allele, alternate_allele, variant_type, assembly]
    """

/// COSMIC 1.0; a patient is a sample of tissue.
let cosmicDefinition = """
    name: cosmic
    version: "1.0"
    default_tables: [mutations]
    tables:
      mutations:
        file_path: cosmic-pyhealth.csv
        patient_id: sample_id
        attributes: [gene_name, hgvsc, hgvsp, mutation_description, fathmm_prediction, primary_site,
          primary_histology, mutation_somatic_status]
    """

/// The prostate adenocarcinomas of The Cancer Genome Atlas.
let tcgaPRADDefinition = """
    name: tcgaprad
    version: "1.0"
    default_tables: [mutations, clinical]
    tables:
      mutations:
        file_path: tcga_prad_mutations-pyhealth.csv
        patient_id: patient_id
        attributes: [hugo_symbol, variant_classification, variant_type, hgvsc, hgvsp,
          tumor_sample_barcode]
      clinical:
        file_path: tcga_prad_clinical-pyhealth.csv
        patient_id: patient_id
        attributes: [age_at_diagnosis, gleason_score, vital_status, days_to_death, tumor_stage]
    """
