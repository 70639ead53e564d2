/// Synthea CSV 4.0, made-up patients; only the tables that a task reads have to be there.
let syntheaDefinition = """
    name: synthea
    version: "4.0"
    default_tables: [patients, encounters]
    tables:
      patients:
        file_path: patients.csv
        patient_id: id
        timestamp: birthdate
        timestamp_format: "%Y-%m-%d"
        attributes: [birthdate, deathdate, marital, race, ethnicity, gender, state, healthcare_expenses,
          healthcare_coverage, income]
      encounters:
        file_path: encounters.csv
        patient_id: patient
        timestamp: start
        timestamp_format: "%Y-%m-%dT%H:%M:%SZ"
        attributes: [id, stop, organization, provider, payer, encounterclass, code, description,
          base_encounter_cost, total_claim_cost, payer_coverage, reasoncode, reasondescription]
      conditions:
        file_path: conditions.csv
        patient_id: patient
        timestamp: start
        timestamp_format: "%Y-%m-%d"
        attributes: [stop, encounter, code, description]
      medications:
        file_path: medications.csv
        patient_id: patient
        timestamp: start
        timestamp_format: "%Y-%m-%dT%H:%M:%SZ"
        attributes: [stop, payer, encounter, code, description, base_cost, payer_coverage, dispenses,
          totalcost, reasoncode, reasondescription]
      observations:
        file_path: observations.csv
        patient_id: patient
        timestamp: date
        timestamp_format: "%Y-%m-%dT%H:%M:%SZ"
        attributes: [encounter, category, code, description, value, units, type]
      procedures:
        file_path: procedures.csv
        patient_id: patient
        timestamp: start
        timestamp_format: "%Y-%m-%dT%H:%M:%SZ"
        attributes: [stop, encounter, code, description, base_cost, reasoncode, reasondescription]
      immunizations:
        file_path: immunizations.csv
        patient_id: patient
        timestamp: date
        timestamp_format: "%Y-%m-%dT%H:%M:%SZ"
        attributes: [encounter, code, description, base_cost]
      careplans:
        file_path: careplans.csv
        patient_id: patient
        timestamp: start
        timestamp_format: "%Y-%m-%d"
        attributes: [id, stop, encounter, code, description, reasoncode, reasondescription]
      allergies:
        file_path: allergies.csv
        patient_id: patient
        timestamp: start
        timestamp_format: "%Y-%m-%d"
        attributes: [stop, encounter, code, system, description, type, category]
      devices:
        file_path: devices.csv
        patient_id: patient
        timestamp: start
        timestamp_format: "%Y-%m-%dT%H:%M:%SZ"
        attributes: [stop, encounter, code, description, udi]
      imaging_studies:
        file_path: imaging_studies.csv
        patient_id: patient
        timestamp: date
        timestamp_format: "%Y-%m-%dT%H:%M:%SZ"
        attributes: [id, encounter, bodysite_code, bodysite_description, modality_code,
          modality_description, procedure_code]
      supplies:
        file_path: supplies.csv
        patient_id: patient
        timestamp: date
        timestamp_format: "%Y-%m-%d"
        attributes: [encounter, code, description, quantity]
      payer_transitions:
        file_path: payer_transitions.csv
        patient_id: patient
        timestamp: start_date
        timestamp_format: "%Y-%m-%dT%H:%M:%SZ"
        attributes: [memberid, end_date, payer, secondary_payer, plan_ownership, owner_name]
      claims:
        file_path: claims.csv
        patient_id: patientid
        timestamp: servicedate
        timestamp_format: "%Y-%m-%dT%H:%M:%SZ"
        attributes: [id, providerid, diagnosis1, diagnosis2, appointmentid, status1, outstanding1]
      claims_transactions:
        file_path: claims_transactions.csv
        patient_id: patientid
        timestamp: fromdate
        timestamp_format: "%Y-%m-%dT%H:%M:%SZ"
        attributes: [id, claimid, chargeid, type, amount, procedurecode, placeofservice]
    """
