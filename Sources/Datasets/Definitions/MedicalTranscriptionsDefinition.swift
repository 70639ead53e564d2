/// Medical transcriptions; every row is a patient.
let medicalTranscriptionsDefinition = """
    name: medicaltranscriptions
    version: "1.0"
    default_tables: [mtsamples]
    tables:
      mtsamples:
        file_path: mtsamples.csv
        attributes: [description, medical_specialty, sample_name, transcription, keywords]
    """
