/// PhysioNet's deidentified medical text 1.0: nursing notes in `id.text`, the same without identifying texts in `id.res`.
let physioNetDeIDDefinition = """
    name: physionetdeid
    version: "1.0"
    default_tables: [physionet_deid]
    tables:
      physionet_deid:
        file_path: id.text
        patient_id: patient_id
        attributes: [note_id, text, labels]
    """
