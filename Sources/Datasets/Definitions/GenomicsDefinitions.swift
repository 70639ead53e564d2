/// ClinVar 1.0; every row is a patient. Raw: the tab-delimited summary, of which the rows of one assembly count.
let clinVarDefinition = """
    name: clinvar
    version: "1.0"
    default_tables: [variants]
    tables:
      variants:
        file_path: clinvar-pyhealth.csv
        attributes: [gene_symbol, clinical_significance, review_status, chromosome, position,
          reference_allele, alternate_allele, variant_type, assembly]
        raw:
          - file_path: variant_summary.txt
            only: {column: Assembly, value: GRCh38}
            columns:
              gene_symbol: GeneSymbol
              clinical_significance: ClinicalSignificance
              review_status: ReviewStatus
              chromosome: Chromosome
              position: PositionVCF
              reference_allele: ReferenceAlleleVCF
              alternate_allele: AlternateAlleleVCF
              variant_type: Type
              assembly: Assembly
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
        raw:
          - file_path: [CosmicMutantExportCensus.tsv, CosmicMutantExport.tsv, cosmic_mutations.tsv,
              cosmic_mutations.csv]
            columns:
              sample_id: ID_SAMPLE
              gene_name: [GENE_NAME, Gene name]
              hgvsc: HGVSC
              hgvsp: HGVSP
              mutation_description: [MUTATION_DESCRIPTION, Mutation Description]
              fathmm_prediction: [FATHMM_PREDICTION, FATHMM prediction]
              primary_site: [PRIMARY_SITE, Primary site]
              primary_histology: [PRIMARY_HISTOLOGY, Primary histology]
              mutation_somatic_status: [MUTATION_SOMATIC_STATUS, Mutation somatic status]
    """

/// The prostate adenocarcinomas of The Cancer Genome Atlas. Raw: mutation annotations of tumour samples, whose bar codes begin
/// with the patient's, and one of three releases of the clinical table.
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
        raw:
          - file_path: [PRAD_mutations.csv, TCGA.PRAD.mutect.maf, PRAD.maf, mutations.maf]
            patient_length: 12
            columns:
              patient_id: Tumor_Sample_Barcode
              hugo_symbol: Hugo_Symbol
              variant_classification: Variant_Classification
              variant_type: Variant_Type
              hgvsc: HGVSc
              hgvsp: [HGVSp_Short, HGVSp]
              tumor_sample_barcode: Tumor_Sample_Barcode
      clinical:
        file_path: tcga_prad_clinical-pyhealth.csv
        patient_id: patient_id
        attributes: [age_at_diagnosis, gleason_score, vital_status, days_to_death, tumor_stage]
        raw:
          - file_path: [PRAD_clinical.csv, clinical.tsv, clinical.csv,
              nationwidechildrens.org_clinical_patient_prad.txt]
            one_row_per_patient: true
            nulls: ["'--", "[Not Available]", "[Not Applicable]", "[Not Evaluated]", "[Unknown]",
              "[Discrepancy]"]
            columns:
              patient_id: [submitter_id, bcr_patient_barcode, case_submitter_id, case_id]
              age_at_diagnosis: [age_at_diagnosis, age_at_initial_pathologic_diagnosis]
              gleason_score: [gleason_score, primary_gleason_grade]
              vital_status: vital_status
              days_to_death: days_to_death
              tumor_stage: [tumor_stage, ajcc_pathologic_stage, pathologic_stage]
    """
